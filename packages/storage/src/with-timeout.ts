import type { Clock } from '@moraine/stdx/clock'
import { timeoutError, withinDeadline } from '@moraine/stdx/deadline'
import type { FileIO, FileStatus } from './file-io.ts'
import { aroundCalls, type FileIoCall } from './file-io-calls.ts'

export type TimeoutOptions = {
  readonly clock: Clock
  /** For a call that moves no bytes, and for each step of a listing. 60 s if not said. */
  readonly baseMs?: number
  /** Bytes a second that a call may count on; more bytes have more time. 1 MiB if not said. */
  readonly bytesPerSecond?: number
}

/** A deadline for every call: `timeout`. The call is told to stop, and no longer waited for if it does not. */
export function withTimeout(io: FileIO, options: TimeoutOptions): FileIO {
  const { clock, baseMs = 60_000, bytesPerSecond = 2 ** 20 } = options
  const limitMs = ({ operation, sizeBytes, objects }: FileIoCall) => {
    const bytes = operation === 'read' ? WHOLE_OBJECT_BYTES : sizeBytes
    const wanted = baseMs * Math.max(1, Math.ceil(objects / OBJECTS_IN_BASE)) + (bytes / bytesPerSecond) * 1000
    return Math.min(wanted, LONGEST_MS)
  }
  return {
    ...aroundCalls(io, (call, run, signal) => {
      const what = `${call.operation} of ${call.location}`
      // A writer heeds its signal for life; the deadline's follows the caller's only until the call ends.
      const outlives = call.operation === 'openWriter' && signal !== undefined
      const given = (inner: AbortSignal) => run(outlives ? AbortSignal.any([signal, inner]) : inner)
      return withinDeadline(clock, { ms: limitMs(call), what, remedy: REMEDY, signal }, given)
    }),
    list: (prefix, signal) => listWithin(io, prefix, clock, baseMs, signal),
  }
}

const REMEDY = 'check the store and the network'
// What is read whole is metadata, of a size that is not known before.
const WHOLE_OBJECT_BYTES = 128 * 2 ** 20
// A bulk removal's request takes so many.
const OBJECTS_IN_BASE = 1_000
// A day is longer than any healthy call, whatever its size is said to be.
const LONGEST_MS = 86_400_000

/** One timer for the whole listing: it ends a step that was under way at two of its ticks. */
async function* listWithin(
  io: FileIO,
  prefix: string,
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  const stalled = new AbortController()
  const done = new AbortController()
  const either = signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal])
  const steps = io.list(prefix, either)[Symbol.asyncIterator]()
  let step = 0
  let fail: ((error: Error) => void) | undefined
  const watch = async () => {
    for (let seen = -1; ; seen = step) {
      await clock.sleep(ms, done.signal)
      if (seen !== step || fail === undefined) continue
      const error = timeoutError({ ms, what: `listing ${prefix}`, remedy: REMEDY })
      fail(error)
      stalled.abort(error)
      return
    }
  }
  watch().catch(() => {})
  let resting = true
  try {
    for (;;) {
      step += 1
      resting = false
      const result = await new Promise<IteratorResult<FileStatus>>((resolve, reject) => {
        fail = reject
        steps.next().then(resolve, reject)
      })
      fail = undefined
      resting = true
      if (result.done) return
      yield result.value
    }
  } finally {
    done.abort()
    // A step that failed has ended the listing; one that hangs would hold its end up.
    if (resting) await steps.return?.()
  }
}
