import { describeError, outcomeUnknown } from '@moraine/stdx/error'

/**
 * What a change that was made has left, for its answer. Where that cannot be read the change is not refused afterwards: whoever
 * made it again would meet it.
 *
 * @param made says what was done, and where to look for it: `table a.b was renamed to c`
 * @throws {MoraineError} as `outcomeUnknown` makes it, whatever hindered the reading
 */
export async function readMade<T>(made: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    const text = `${made}, and cannot be read now; look at it before that is asked for again: ${describeError(cause)}`
    throw outcomeUnknown(text, cause)
  }
}
