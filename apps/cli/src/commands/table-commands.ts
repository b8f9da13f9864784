import { type Command, Option } from 'commander'
import { withCatalogOptions, withTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { partitionOption } from './partition-option.ts'
import { withServerOptions } from './server-options.ts'

const loading = () => import('./catalog-tables.ts')
const managing = () => import('./managed-tables.ts')
const leasing = () => import('./table-leases.ts')
const processing = () => import('./optimizing-processes.ts')
const dropping = () => import('./dropped-tables.ts')

/** `moraine table list` and the like: what a catalog does with its tables. */
export function addTableCommands(table: Command, context: CommandContext): void {
  withCatalogOptions(table.command('list').description('tables of a namespace').argument('<namespace>')).action(
    async (namespace, options) => (await loading()).listTables(namespace, options, context),
  )
  withTableOptions(table.command('load').description('what the catalog has of it; with --json its metadata')).action(
    async (ref, options) => (await loading()).loadTable(ref, options, context),
  )
  withName(
    table
      .command('exists')
      .description('exit code 0 if it does, 1 if it does not; 3 or 4 if that could not be found out'),
  ).action(async (ref, options) => (await loading()).checkTableExists(ref, options, context))
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
  )
    .option('--overwrite', 'also where there is a table of that name: its place is taken for good, and its files stay')
    .action(async (ref, location, options) => (await loading()).registerTable(ref, location, options, context))
  addDroppedCommands(table, context)
  addManagedCommands(table, context)
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
  withServerOptions(
    table
      .command('purge')
      .description('end the time in which a dropped table can be had back; its files go as its drop said')
      .argument('<table>', 'db.orders'),
  )
    .requiredOption(...catalog)
    .option('--id <id>', 'which of those of this name, as `table dropped` has it (default: the last dropped)')
    .addOption(new Option('--files', 'remove its files, whatever its drop said').conflicts('keepFiles'))
    .addOption(new Option('--keep-files', 'leave its files, whatever its drop said'))
    .action(async (ref, options) => (await dropping()).purgeTable(ref, options, context))
}

/** What a running service does with a table. */
function addManagedCommands(table: Command, context: CommandContext): void {
  const managed = (name: string, description: string) =>
    withServerOptions(table.command(name).description(description).argument('<table>', 'db.orders')).requiredOption(
      '--catalog <name>',
      'of the service, in which the table is',
    )
  managed('status', 'what a running service does with it, or why nothing').action(async (ref, options) =>
    (await managing()).showStatus(ref, options, context),
  )
  managed('trigger', 'have a running service optimize it now')
    .addOption(
      new Option('--type <type>', 'what to look for').choices(['auto', 'minor', 'major', 'full']).default('auto'),
    )
    .option('--where <expr>', 'only partitions that may hold rows for which this holds')
    .addOption(partitionOption())
    .action(async (ref, options) => (await managing()).triggerManaged(ref, options, context))
  managed('pause', 'have a running service leave it alone')
    .option('--reason <text>', 'for those who find it at rest')
    .action(async (ref, options) => (await managing()).pauseManaged(ref, options, context))
  managed('resume', 'end a pause').action(async (ref, options) =>
    (await managing()).resumeManaged(ref, options, context),
  )
  managed('blockers', 'leases of engines that keep it from being optimized').action(async (ref, options) =>
    (await leasing()).listLeases(ref, options, context),
  )
  managed('unblock', 'end a lease whose engine has gone')
    .argument('<lease>', 'its id, as `table blockers` has it')
    .action(async (ref, lease, options) => (await leasing()).endLease(ref, lease, options, context))
  addProcessCommands(managed, context)
}

/** What a running service did with a table, and is doing. */
function addProcessCommands(managed: (name: string, description: string) => Command, context: CommandContext): void {
  managed('processes', 'its optimizing processes, newest first: what they found and left, and what they took')
    .addOption(new Option('--type <type>', 'only these').choices(['minor', 'major', 'full']))
    .option('--status <status>', 'only these, such as executing or failed')
    .option('--limit <n>', 'so many at most', '20')
    .action(async (ref, options) => (await processing()).showProcesses(ref, options, context))
  managed('tasks', 'tasks of one of its processes, with their cost')
    .argument('[process]', 'its id (default: the newest)')
    .option('--limit <n>', 'so many at most', '100')
    .action(async (ref, process, options) => (await processing()).showTasks(ref, process, options, context))
  managed('cancel', 'end a process that runs; its tasks are told to stop, and what they wrote is deleted')
    .argument('[process]', 'its id (default: the one that runs)')
    .action(async (ref, process, options) => (await processing()).cancelManaged(ref, process, options, context))
}

function withName(command: Command): Command {
  return withCatalogOptions(command.argument('<table>', 'its name: db.orders'))
}
