import { type Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import { withServerOptions } from './server-options.ts'

const loading = () => import('./principals.ts')

/** From the one that may least to the one that may all. */
const ROLES = ['viewer', 'editor', 'operator', 'admin'] as const

/** `moraine principal ...`: who may do what at a running service. */
export function addPrincipalCommands(program: Command, context: CommandContext): void {
  const principal = program.command('principal').description('who may do what at a running service')
  withServerOptions(principal.command('list').description('everybody, their roles and credentials')).action(
    async (options) => (await loading()).listPrincipals(options, context),
  )
  withServerOptions(withPlace(withName(principal.command('create').description('make one known'))))
    .addOption(role('its first role (default: none yet)'))
    .action(async (name, options) => (await loading()).createPrincipal(name, options, context))
  withServerOptions(withPlace(withName(principal.command('grant').description('give it a role'))))
    .addOption(role('what it may do').makeOptionMandatory())
    .action(async (name, options) => (await loading()).grantRole(name, options, context))
  withServerOptions(withPlace(withName(principal.command('revoke').description('take a role from it'))))
    .addOption(role('the role, at exactly this place').makeOptionMandatory())
    .action(async (name, options) => (await loading()).revokeRole(name, options, context))
  withServerOptions(withName(principal.command('drop').description('forget it and its credentials, at once'))).action(
    async (name, options) => (await loading()).dropPrincipal(name, options, context),
  )
  addCredentialCommands(principal.command('credential').description('what it signs in with'), context)
}

function addCredentialCommands(credential: Command, context: CommandContext): void {
  withServerOptions(withName(credential.command('create').description('make one; its secret is shown this once')))
    .option('--note <text>', 'what it is for, as `principal list` shows it')
    .option('--expires <time>', 'until when it is good: 2030-01-31, or 2030-01-31T18:00:00Z (default: for good)')
    .action(async (name, options) => (await loading()).createCredential(name, options, context))
  withServerOptions(
    withName(credential.command('revoke').description('revoke one, and every token it was exchanged for')).argument(
      '<id>',
      'as `principal list` has it',
    ),
  ).action(async (name, id, options) => (await loading()).revokeCredential(name, id, options, context))
}

function role(description: string): Option {
  return new Option('--role <role>', description).choices(ROLES)
}

function withName(command: Command): Command {
  return command.argument('<principal>')
}

function withPlace(command: Command): Command {
  return command
    .option('--catalog <name>', 'where the role holds (default: everywhere)')
    .option('--namespace <namespace>', 'of the catalog, with all below it')
    .option('--table <name>', 'of the namespace, and nothing else')
}
