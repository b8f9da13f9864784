import type { Command } from 'commander'
import { withCatalogOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'

const loading = () => import('./views.ts')

/** `moraine view ...`: of a catalog of the service, or of one that is opened directly. */
export function addViewCommands(program: Command, context: CommandContext): void {
  const view = program.command('view').description('views of a catalog, with or without a service')
  const named = (name: string, description: string) =>
    withCatalogOptions(view.command(name).description(description).argument('<view>', 'its name: db.totals'))
  withCatalogOptions(view.command('list').description('views of a namespace').argument('<namespace>')).action(
    async (namespace, options) => (await loading()).listViews(namespace, options, context),
  )
  named('load', 'what the catalog has of it; with --json its metadata').action(async (ref, options) =>
    (await loading()).loadView(ref, options, context),
  )
  named('drop', 'drop it').action(async (ref, options) => (await loading()).dropView(ref, options, context))
  named('rename', 'give it another name')
    .argument('<new>')
    .action(async (ref, to, options) => (await loading()).renameView(ref, to, options, context))
}
