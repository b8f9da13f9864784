import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { orAbort } from './abort.ts'

/** The outcome of `run` if it ends in time, else a `timeout`. `run` is told to stop, and not waited for if it does not. */
export async function withinDeadline<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  doing: string,
  run: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = new AbortController()
  const done = new AbortController()
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
  clock.sleep(ms, done.signal).then(
    () => deadline.abort(timeoutError(doing, ms)),
    () => {},
  )
  try {
    return await orAbort(run(either), either, doing)
  } finally {
    done.abort(DONE)
  }
}

export function timeoutError(doing: string, ms: number): MoraineError {
  return new MoraineError(
    'timeout',
    `${doing} did not end within ${Math.round(ms)} ms; check the store and the network`,
  )
}

// Made once: an abort without a reason makes an error with a stack each time.
const DONE = new Error('done')
