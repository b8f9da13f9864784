import { MoraineError } from './error.ts'

/** Throws if the signal is aborted; `doing` says what stops (`reading s3://b/k`). */
export function checkAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw abortError(signal, doing)
}

/**
 * The promise's outcome, or an error as soon as the signal aborts, for work that cannot be stopped: it goes on unwatched.
 */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined, doing: string): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortError(signal, doing))
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** For what stops since the signal has aborted. A reason that is one of our errors, such as a deadline's, is the error itself. */
export function abortError(signal: AbortSignal, doing: string): MoraineError {
  const reason: unknown = signal.reason
  return reason instanceof MoraineError
    ? reason
    : new MoraineError('aborted', `${doing} was aborted`, { cause: reason })
}
