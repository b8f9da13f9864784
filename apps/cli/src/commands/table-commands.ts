import type { Command } from 'commander'
import { withCatalogOptions, withTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { withServerOptions } from './server-options.ts'

const loading = () => import('./catalog-tables.ts')
const dropping = () => import('./dropped-tables.ts')

/** `moraine table list` and the like: what a catalog does with its tables. */
export function addTableCommands(table: Command, context: CommandContext): void {
  withCatalogOptions(table.command('list').description('tables of a namespace').argument('<namespace>')).action(
    async (namespace, options) => (await loading()).listTables(namespace, options, context),
  )
  withTableOptions(table.command('load').description('what the catalog has of it; with --json its metadata')).action(
    async (ref, options) => (await loading()).loadTable(ref, options, context),
  )
  withName(table.command('exists').description('exit code 0 if it does, else 1')).action(async (ref, options) =>
    (await loading()).checkTableExists(ref, options, context),
  )
  withName(table.command('drop').description('drop it; its files stay'))
    .option('--purge', 'have the catalog remove its files, too')
    .action(async (ref, options) => (await loading()).dropTable(ref, options, context))
  withCatalogOptions(
    table.command('rename').description('give it another name').argument('<table>', 'db.orders').argument('<new>'),
  ).action(async (ref, to, options) => (await loading()).renameTable(ref, to, options, context))
  withCatalogOptions(
    table
      .command('register')
      .description('give a table that has files a name in a catalog')
      .argument('<table>', 'db.orders')
      .argument('<metadata-file>', 'its current one'),
  ).action(async (ref, location, options) => (await loading()).registerTable(ref, location, options, context))
  addDroppedCommands(table, context)
}

function addDroppedCommands(table: Command, context: CommandContext): void {
  const catalog = ['--catalog <name>', 'of the service, which keeps what is dropped from it'] as const
  withServerOptions(table.command('dropped').description('dropped tables and views that can be had back'))
    .requiredOption(...catalog)
    .action(async (options) => (await dropping()).listDropped(options, context))
  withServerOptions(table.command('undrop').description('have a dropped table back').argument('<table>', 'db.orders'))
    .requiredOption(...catalog)
    .option('--as <table>', 'under another name')
    .option('--id <id>', 'which of those of this name, as `table dropped` has it (default: the last dropped)')
    .action(async (ref, options) => (await dropping()).undropTable(ref, options, context))
}

function withName(command: Command): Command {
  return withCatalogOptions(command.argument('<table>', 'its name: db.orders'))
}
