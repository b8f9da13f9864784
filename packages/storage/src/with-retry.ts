import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, isRetryable, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO, FileStatus, WriteOutcome } from './file-io.ts'
import { delegate } from './file-io-calls.ts'

export type RetryOptions = {
  readonly clock: Clock
  readonly random: Random
  /** The first included. 5 if not said. */
  readonly attempts?: number
  /** Pause before the second attempt, doubled before each further one; half of it is random. 200 ms if not said. */
  readonly firstPauseMs?: number
  readonly longestPauseMs?: number
}

/**
 * Makes calls that fail with a retryable kind (`unavailable`, `timeout`) again.
 *
 * - A create-only write whose attempt failed may have happened. The next attempt is safe, since it cannot replace; if it
 *   finds an object, the bytes decide: ours means `written`, others `exists`. (A rival who wrote the very same bytes
 *   would be taken for us; what is raced for holds an id of its writer.)
 * - Of a writer only the opening is tried again, and of a listing only what comes before its first object: what follows
 *   cannot be repeated here. Object stores try those requests again themselves.
 */
export function withRetry(io: FileIO, options: RetryOptions): FileIO {
  const retry = <T>(attempt: () => Promise<T>, doing: string, signal: AbortSignal | undefined) =>
    retrying(options, attempt, doing, signal)
  const read: FileIO['read'] = (location, signal) =>
    retry(() => io.read(location, signal), `reading ${location}`, signal)
  return {
    ...delegate(io),
    read,
    readRange: (location, offset, length, signal) =>
      retry(() => io.readRange(location, offset, length, signal), `reading ${location}`, signal),
    stat: (location, signal) => retry(() => io.stat(location, signal), `looking up ${location}`, signal),
    write: (location, bytes, writeOptions, signal) => {
      const write = () => io.write(location, bytes, writeOptions, signal)
      const attempt = writeOptions?.createOnly ? creating(write, () => holds(read, location, bytes, signal)) : write
      return retry(attempt, `writing ${location}`, signal)
    },
    openWriter: (location, writeOptions, signal) =>
      retry(() => io.openWriter(location, writeOptions, signal), `writing ${location}`, signal),
    remove: (locations, signal) =>
      retry(() => io.remove(locations, signal), `removing ${locations.length} objects`, signal),
    list: (prefix, signal) => listing(io, options, prefix, signal),
  }
}

/** An attempt to create that knows whether one before it may have succeeded. */
function creating(write: () => Promise<WriteOutcome>, holdsOurs: () => Promise<boolean>): () => Promise<WriteOutcome> {
  let doubtful = false
  return async () => {
    try {
      const outcome = await write()
      return outcome === 'exists' && doubtful && (await holdsOurs()) ? 'written' : outcome
    } catch (error) {
      doubtful = true
      throw error
    }
  }
}

/** Whether the object has exactly these bytes. One that is gone again is `unavailable`: the next attempt may create it. */
async function holds(
  read: FileIO['read'],
  location: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return Buffer.compare(await read(location, signal), bytes) === 0
  } catch (cause) {
    if (!isKind(cause, 'not-found')) throw cause
    throw new MoraineError('unavailable', `writing ${location} failed: an object came and went meanwhile`, { cause })
  }
}

/** The outcome of the first attempt that does not fail with a retryable kind, of at most as many as the options say. */
export async function retrying<T>(
  options: RetryOptions,
  attempt: () => Promise<T>,
  doing: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    checkAborted(signal, doing)
    try {
      return await attempt()
    } catch (error) {
      await pauseOrThrow(options, error, failures, doing, signal)
    }
  }
}

async function* listing(
  io: FileIO,
  options: RetryOptions,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  for (let failures = 1; ; failures += 1) {
    let begun = false
    try {
      for await (const status of io.list(prefix, signal)) {
        begun = true
        yield status
      }
      return
    } catch (error) {
      if (begun) throw error
      await pauseOrThrow(options, error, failures, `listing ${prefix}`, signal)
    }
  }
}

/** Waits before the next attempt; throws the error if there is to be none. */
async function pauseOrThrow(
  { clock, random, attempts = 5, firstPauseMs = 200, longestPauseMs = 10_000 }: RetryOptions,
  error: unknown,
  failures: number,
  doing: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(error instanceof MoraineError) || !isRetryable(error)) throw error
  if (failures >= attempts) {
    throw new MoraineError(error.kind, `${error.message} (tried ${failures} times)`, {
      cause: error.cause,
      context: error.context,
    })
  }
  const pauseMs = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs)
  const share = (random.bytes(1)[0] ?? 0) / 255
  // A pause that is cut short is not the failure: the reason of the signal is.
  await clock.sleep(pauseMs * (0.5 + share / 2), signal).catch(() => {})
  checkAborted(signal, doing)
}
