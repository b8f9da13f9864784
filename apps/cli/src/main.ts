import { describeError } from '@moraine/stdx/error'
import { CommanderError } from 'commander'
import { processContext } from './commands/command-context.ts'
import { moraineProgram } from './commands/moraine-program.ts'
import { endCodeOf, stopSignal } from './commands/stop-signal.ts'

const stopped = stopSignal()
try {
  await moraineProgram(processContext(stopped)).parseAsync()
} catch (error) {
  // Commander ends its help so, too.
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : endCodeOf(error, stopped)
  if (!(error instanceof CommanderError)) process.stderr.write(`moraine: ${describeError(error)}\n`)
}
