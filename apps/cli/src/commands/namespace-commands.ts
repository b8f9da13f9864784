import type { Command } from 'commander'
import { VALUE_FORMS, withCatalogOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'

const loading = () => import('./namespaces.ts')

/** `moraine namespace ...`: of a catalog of the service, or of one that is opened directly. */
export function addNamespaceCommands(program: Command, context: CommandContext): void {
  const namespace = program.command('namespace').description('namespaces of a catalog, with or without a service')
  withCatalogOptions(
    namespace.command('list').description('namespaces right below another, or the first ones').argument('[parent]'),
  ).action(async (parent, options) => (await loading()).listNamespaces(parent, options, context))
  withCatalogOptions(namespace.command('load').description('its properties').argument('<namespace>')).action(
    async (name, options) => (await loading()).loadNamespace(name, options, context),
  )
  withCatalogOptions(withProperties(namespace.command('create').description('create one'))).action(
    async (name, options) => (await loading()).createNamespace(name, options, context),
  )
  withCatalogOptions(
    namespace.command('drop').description('drop one that holds nothing').argument('<namespace>'),
  ).action(async (name, options) => (await loading()).dropNamespace(name, options, context))
  withCatalogOptions(
    withProperties(namespace.command('set').description('set and remove properties')).option(
      '--unset <key...>',
      'properties to remove',
    ),
  ).action(async (name, options) => (await loading()).setNamespace(name, options, context))
}

function withProperties(command: Command): Command {
  return command
    .argument('<namespace>')
    .option('--property <key=value...>', `properties of the namespace; ${VALUE_FORMS}`)
}
