import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import type { OpenContext } from '../table/open-table.ts'
import { processSources, type ValueSources } from './key-values.ts'

/** What every command writes to and takes time from. Results go to standard output, all else to standard error. */
export type CommandContext = OpenContext & {
  readonly signal: AbortSignal
  readonly print: (text: string) => void
  readonly printJson: (value: unknown) => void
  readonly note: (text: string) => void
  readonly isTerminal: boolean
  readonly sources: ValueSources
}

export function processContext(signal: AbortSignal): CommandContext {
  process.stdout.on('error', endWithReader)
  const note = (text: string) => process.stderr.write(`${text}\n`)
  return {
    clock: systemClock,
    random: systemRandom,
    warn: note,
    note,
    signal,
    print: (text) => process.stdout.write(text),
    printJson: (value) => process.stdout.write(`${formatExactJson(value)}\n`),
    isTerminal: process.stderr.isTTY,
    sources: processSources(),
  }
}

/** Whoever read the output has had enough, as `head` has: nothing is left to be done. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  throw error
}
