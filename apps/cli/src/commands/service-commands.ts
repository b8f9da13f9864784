import type { Command } from 'commander'
import type { CommandContext } from './command-context.ts'

const serving = () => import('./serve.ts')

/** `moraine start`, `serve` and `optimizer`: the processes. */
export function addServiceCommands(program: Command, context: CommandContext): void {
  withServeOptions(
    program.command('start').description('service, one local optimizer and a sample lake: what `npm start` runs'),
  )
    .option('--no-sample', 'no sample lake')
    .option('--once', 'end once the sample table has been optimized')
    .option('--timeout <seconds>', 'how long --once waits before it fails (default: 600)')
    .option('--json', 'print the report as JSON')
    .action(async (options) => (await import('./start.ts')).startAll(options, context))
  withServeOptions(program.command('serve').description('the service alone'))
    .option('--no-sample', 'no sample lake: holds always here, so that a script may say it of start and serve alike')
    .action(async (options) => (await serving()).serve(options, context))
  program
    .command('optimizer')
    .description('one optimizer process')
    .requiredOption('--url <url>', 'of the optimizing service: thrift://host:1261, with commas if there are several')
    .option(
      '--ca-file <file>',
      'PEM of who issued its certificate, if it is thrifts:// (with TLS); else as Node trusts',
    )
    .option('--group <name>', 'resource group', 'default')
    .option('--threads <n>', 'tasks worked on at a time', '2')
    .option('--memory <mb>', "DuckDB's memory limit a thread", '512')
    .option('--leave-with-parent', 'end when standard input ends')
    .action(async (options) => (await serving()).optimizer(options, context))
}

function withServeOptions(command: Command): Command {
  return command
    .option('--config <file>', 'settings as in docs/specs/settings.md; the options here win over them')
    .option('--port <n>', 'of the API and the catalog; 0 takes any free one (default: 1630)')
    .option('--thrift-port <n>', 'of the optimizing service (default: 1261)')
    .option('--host <address>', 'to listen on (default: 127.0.0.1)')
    .option('--data-dir <dir>', 'where the service keeps its state (default: .moraine)')
}
