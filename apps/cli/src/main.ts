import { describeError, MoraineError } from '@moraine/stdx/error'
import { VERSION } from '@moraine/stdx/version'
import { Command, CommanderError, Option } from 'commander'
import { addCatalogCommands } from './commands/catalog-commands.ts'
import { withCatalogOptions, withTableOptions } from './commands/catalog-options.ts'
import { processContext } from './commands/command-context.ts'
import { addNamespaceCommands } from './commands/namespace-commands.ts'
import { stopSignal } from './commands/stop-signal.ts'
import { addTableCommands } from './commands/table-commands.ts'

// Commands are loaded when they are run: the help of `moraine` should not wait for a database to load.
const context = processContext(stopSignal())

const program = new Command('moraine')
  .description('Keeps lake tables fast and cheap.')
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

const withServeOptions = (command: Command) =>
  command
    .option('--config <file>', 'settings as in docs/specs/settings.md; the options here win over them')
    .option('--port <n>', 'of the API and the catalog; 0 takes any free one (default: 1630)')
    .option('--thrift-port <n>', 'of the optimizing service (default: 1261)')
    .option('--host <address>', 'to listen on (default: 127.0.0.1)')
    .option('--data-dir <dir>', 'where the service keeps its state (default: .moraine)')

withServeOptions(
  program.command('start').description('service, one local optimizer and a sample lake: what `npm start` runs'),
)
  .option('--no-sample', 'no sample lake')
  .option('--once', 'end once the sample table has been optimized')
  .option('--timeout <seconds>', 'how long --once waits before it fails (default: 600)')
  .option('--json', 'print the report as JSON')
  .action(async (options) => (await import('./commands/start.ts')).startAll(options, context))
withServeOptions(program.command('serve').description('the service alone'))
  .option('--no-sample', 'no sample lake: holds always here, so that a script may say it of start and serve alike')
  .action(async (options) => (await import('./commands/serve.ts')).serve(options, context))
program
  .command('optimizer')
  .description('one optimizer process')
  .requiredOption('--url <url>', 'of the optimizing service: thrift://host:1261')
  .option('--group <name>', 'resource group', 'default')
  .option('--threads <n>', 'tasks worked on at a time', '2')
  .option('--memory <mb>', "DuckDB's memory limit a thread", '512')
  .option('--leave-with-parent', 'end when standard input ends')
  .action(async (options) => (await import('./commands/serve.ts')).optimizer(options, context))

const table = program.command('table').description('work on one table, with or without a service')
const type = () =>
  new Option('--type <type>', 'what to look for').choices(['auto', 'minor', 'major', 'full']).default('auto')
const where = () => new Option('--where <expr>', 'only partitions that may hold rows for which this holds')
const withRunOptions = (command: Command) =>
  command
    .option('--threads <n>', 'groups worked on at a time', '2')
    .option('--memory <mb>', "DuckDB's memory limit a thread", '512')

withTableOptions(table.command('inspect').description('schema, snapshots, sizes, deletes, health')).action(
  async (ref, options) => (await import('./commands/inspect.ts')).inspect(ref, options, context),
)
withTableOptions(table.command('plan').description('what would be rewritten, and why; stores nothing'))
  .addOption(type())
  .addOption(where())
  .option('--out <file>', 'write the plan for `table apply`')
  .action(async (ref, options) => (await import('./commands/plan.ts')).plan(ref, options, context))
withTableOptions(table.command('explain').description('why each partition is, or is not, optimized'))
  .addOption(type())
  .option('--partition <path>', 'only this one, as in region=eu/day=2024-01-31')
  .action(async (ref, options) => (await import('./commands/explain.ts')).explain(ref, options, context))
withRunOptions(
  withTableOptions(table.command('optimize').description('plan, execute, verify and commit'))
    .addOption(type())
    .addOption(where())
    .option('--skip-unreadable', 'leave files that cannot be read as they are, and optimize what is beside them'),
).action(async (ref, options) => (await import('./commands/optimize.ts')).optimize(ref, options, context))
withRunOptions(
  withCatalogOptions(
    table
      .command('apply')
      .description('execute exactly a plan that `table plan --out` wrote, or refuse')
      .argument('<file>', 'the plan')
      .option('--table <table>', "where the table is, if not at the plan's location"),
  ),
).action(async (file, options) => (await import('./commands/optimize.ts')).apply(file, options, context))
withTableOptions(program.command('doctor').description('one page of what is wrong with a table')).action(
  async (ref, options) => (await import('./commands/doctor.ts')).doctor(ref, options, context),
)

addTableCommands(table, context)
addNamespaceCommands(program, context)
addCatalogCommands(program, context)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
  if (!(error instanceof CommanderError)) process.stderr.write(`moraine: ${describeError(error)}\n`)
}

/** 0 done, 1 failed, 2 wrong usage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return error instanceof MoraineError && error.kind === 'invalid-input' ? 2 : 1
}
