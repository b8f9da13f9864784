import { type Command, Option } from 'commander'
import { withCatalogOptions, withTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { partitionOption } from './partition-option.ts'

/** What is done to one table, with or without a service: `moraine table plan` and the like. */
export function addTableWorkCommands(table: Command, context: CommandContext): void {
  withTableOptions(table.command('inspect').description('schema, snapshots, sizes, deletes, health')).action(
    async (ref, options) => (await import('./inspect.ts')).inspect(ref, options, context),
  )
  withTableOptions(table.command('plan').description('what would be rewritten, and why; stores nothing'))
    .addOption(type())
    .addOption(where())
    .addOption(partitionOption())
    .option('--out <file>', 'write the plan for `table apply`')
    .action(async (ref, options) => (await import('./plan.ts')).plan(ref, options, context))
  withTableOptions(
    table
      .command('explain')
      .description('why it is, or is not, optimized, and each partition; a service is asked of its catalogs'),
  )
    .addOption(type())
    .option('--partition <path>', 'only this one, as in region=eu/day=2024-01-31')
    .action(async (ref, options) => (await import('./explain.ts')).explain(ref, options, context))
  withRunOptions(
    withTableOptions(table.command('optimize').description('plan, execute, verify and commit'))
      .addOption(type())
      .addOption(where())
      .addOption(partitionOption())
      .option('--skip-unreadable', 'leave files that cannot be read as they are, and optimize what is beside them'),
  ).action(async (ref, options) => (await import('./optimize.ts')).optimize(ref, options, context))
  withRunOptions(
    withCatalogOptions(
      table
        .command('apply')
        .description('execute exactly a plan that `table plan --out` wrote, or refuse')
        .argument('<file>', 'the plan')
        .option('--table <table>', "where the table is, if not at the plan's location"),
    ),
  ).action(async (file, options) => (await import('./optimize.ts')).apply(file, options, context))
}

export function addDoctorCommand(program: Command, context: CommandContext): void {
  withTableOptions(program.command('doctor').description('one page of what is wrong with a table')).action(
    async (ref, options) => (await import('./doctor.ts')).doctor(ref, options, context),
  )
}

const type = () =>
  new Option('--type <type>', 'what to look for').choices(['auto', 'minor', 'major', 'full']).default('auto')
const where = () => new Option('--where <expr>', 'only partitions that may hold rows for which this holds')

function withRunOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'groups worked on at a time', '2')
    .option('--memory <mb>', "DuckDB's memory limit a thread", '512')
}
