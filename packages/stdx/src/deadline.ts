import { orAbort } from './abort.ts'
import type { Clock } from './clock.ts'
import { MoraineError } from './error.ts'

/** What must end in time, for messages (`stat of s3://b/k`), and what to do if it does not. */
export type TimeLimit = {
  readonly ms: number
  readonly what: string
  readonly remedy?: string
  /** Aborts the work as well. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The outcome of `run` if it ends in time. When time is up, and when the limit's signal aborts, `run` is told to stop and
 * is not waited for any more. Once it has ended, the signal it was given aborts no more: what lives on needs another.
 *
 * @throws {MoraineError} `timeout` naming `what`, or `aborted`
 */
export async function withinDeadline<T>(
  clock: Pick<Clock, 'sleep'>,
  limit: TimeLimit,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(clock, limit)
  try {
    return await orAbort(run(deadline.signal), deadline.signal, limit.what)
  } finally {
    deadline.end()
  }
}

/** A limit that runs, for work that must be waited for even when it is late. `end` takes it back. */
export type Deadline = { readonly signal: AbortSignal; end(): void }

export function startDeadline(clock: Pick<Clock, 'sleep'>, limit: TimeLimit): Deadline {
  const { ms, signal } = limit
  const inner = new AbortController()
  const done = new AbortController()
  // Forwarded by hand: Node keeps a combined signal alive for as long as anybody listens to it.
  const forward = () => inner.abort(signal?.reason)
  if (signal?.aborted) forward()
  else signal?.addEventListener('abort', forward, { once: true })
  clock.sleep(ms, done.signal).then(
    () => inner.abort(timeoutError(limit)),
    () => {},
  )
  const end = () => {
    signal?.removeEventListener('abort', forward)
    done.abort(DONE)
  }
  return { signal: inner.signal, end }
}

export function timeoutError({ ms, what, remedy }: TimeLimit): MoraineError {
  const advice = remedy === undefined ? '' : `; ${remedy}`
  return new MoraineError('timeout', `${what} did not end within ${Math.round(ms)} ms${advice}`)
}

// Made once: an abort without a reason makes an error with a stack each time.
const DONE = new Error('done')
