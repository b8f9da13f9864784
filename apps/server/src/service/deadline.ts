import type { Clock } from '@moraine/stdx/clock'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/**
 * Runs an action that must end in time. When time is up, its signal aborts and the error says what took too long; the
 * action is not waited for any more.
 *
 * @throws {MoraineError} `timeout` naming `what`.
 */
export async function withDeadline<T>(
  clock: Clock,
  { ms, what, signal }: { readonly ms: number; readonly what: string; readonly signal: AbortSignal },
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController()
  const done = new AbortController()
  const expiry = clock.sleep(ms, done.signal).then(
    () => {
      const error = late('timeout', `${what} took longer than ${ms} ms`)
      inner.abort(error)
      throw error
    },
    // The action ended first.
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([aborted(signal, inner, done.signal), action(inner.signal), expiry])
  } finally {
    done.abort(DONE)
  }
}

// A reason of its own spares the making of an exception for every action that ends in time.
const DONE = new Error('done')

/**
 * Rejects and aborts the action as soon as the signal aborts, unless `done` does first. Forwarded by hand: Node keeps a
 * combined signal alive for as long as anybody listens to it.
 */
function aborted(signal: AbortSignal, inner: AbortController, done: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => {
      const error = late('aborted', 'stopped')
      inner.abort(error)
      reject(error)
    }
    if (signal.aborted) return fail()
    signal.addEventListener('abort', fail, { once: true, signal: done })
  })
}

function late(kind: ErrorKind, message: string): MoraineError {
  return new MoraineError(kind, message)
}
