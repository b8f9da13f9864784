import type { Command } from 'commander'
import { VALUE_FORMS } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { withServerOptions } from './server-options.ts'

const loading = () => import('./groups.ts')

/** `moraine group ...`: resource groups of a running service. */
export function addGroupCommands(program: Command, context: CommandContext): void {
  const group = program.command('group').description('resource groups of a running service')
  withServerOptions(group.command('list').description('groups, and what is registered in them')).action(
    async (options) => (await loading()).listGroups(options, context),
  )
  withServerOptions(withProperties(group.command('create').description('create one')))
    .option('--container <name>', 'what launches its optimizers', 'external')
    .action(async (name, options) => (await loading()).createGroup(name, options, context))
  withServerOptions(withProperties(group.command('set').description('set and remove properties')))
    .option('--unset <key...>', 'properties to remove')
    .action(async (name, options) => (await loading()).setGroup(name, options, context))
  withServerOptions(group.command('drop').description('remove one that nothing uses').argument('<group>')).action(
    async (name, options) => (await loading()).dropGroup(name, options, context),
  )
  withServerOptions(
    group.command('explain').description('why it has the optimizers that it has').argument('<group>'),
  ).action(async (name, options) => (await import('./group-explain.ts')).explainGroup(name, options, context))
  addOptimizerCommands(group, context)
  withServerOptions(
    group.command('command').description('how an optimizer of it is started by hand').argument('<group>'),
  )
    .option('--threads <n>', 'tasks worked on at a time', '2')
    .action(async (name, options) => (await loading()).printCommand(name, options, context))
}

function addOptimizerCommands(group: Command, context: CommandContext): void {
  const loadingOptimizers = () => import('./group-optimizers.ts')
  withServerOptions(
    group.command('scale').description('have its container launch one more optimizer').argument('<group>'),
  )
    .option('--threads <n>', 'of the optimizer', '2')
    .action(async (name, options) => (await loadingOptimizers()).scaleGroup(name, options, context))
  withServerOptions(
    group.command('optimizers').description('its optimizers, and what became of those asked for').argument('<group>'),
  ).action(async (name, options) => (await loadingOptimizers()).showOptimizers(name, options, context))
  withServerOptions(
    group
      .command('release')
      .description('let an optimizer go, once its tasks have ended')
      .argument('<id>', 'of a resource, or of an optimizer'),
  )
    .option('--drain', 'have one that was started by hand take no more tasks')
    .action(async (id, options) => (await loadingOptimizers()).releaseOptimizer(id, options, context))
}

function withProperties(command: Command): Command {
  return command
    .argument('<group>')
    .option('--property <key=value...>', `such as windows='0 22 * * * for 6h Europe/Berlin'; ${VALUE_FORMS}`)
}
