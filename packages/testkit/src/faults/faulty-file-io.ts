import type { Clock } from '@moraine/stdx/clock'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO, FileStatus } from '@moraine/storage/file-io'
import { aroundCalls, type FileIoCall } from '@moraine/storage/file-io-calls'

/** What goes wrong with one call. */
export type Fault =
  /** It fails and has done nothing. */
  | { readonly kind: 'before'; readonly error: ErrorKind }
  /** It fails and has been done all the same: an unknown outcome. A listing fails after its last object. */
  | { readonly kind: 'after'; readonly error: ErrorKind }
  /** It is done so much later. */
  | { readonly kind: 'late'; readonly ms: number }
  /** What is read ends early: half of an object, and a range is `corrupt`. Nothing for other calls. */
  | { readonly kind: 'short' }

/** Decides for each call, in the order in which they are made. */
export type FaultPlan = (call: FileIoCall) => Fault | undefined

/** The FileIO with the plan's faults. `canCreateOnly`, `localPath` and the giving up of a writer have none. */
export function faultyFileIO(io: FileIO, plan: FaultPlan, clock: Pick<Clock, 'sleep'>): FileIO {
  const calls = aroundCalls(io, async (call, run, signal) => {
    const fault = plan(call)
    // A writer whose opening failed would be nobody's: it is not opened at all.
    if (fault?.kind === 'before' || (fault?.kind === 'after' && call.operation === 'openWriter'))
      throw failure(fault, call)
    if (fault?.kind === 'late') await clock.sleep(fault.ms, signal)
    const result = await run(signal)
    if (fault?.kind === 'after') throw failure(fault, call)
    return fault?.kind === 'short' ? shortened(result, call) : result
  })
  return { ...calls, list: (prefix, signal) => faultyList(io, plan, clock, prefix, signal) }
}

async function* faultyList(
  io: FileIO,
  plan: FaultPlan,
  clock: Pick<Clock, 'sleep'>,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  const call: FileIoCall = { operation: 'list', location: prefix, sizeBytes: 0, objects: 0 }
  const fault = plan(call)
  if (fault?.kind === 'before') throw failure(fault, call)
  if (fault?.kind === 'late') await clock.sleep(fault.ms, signal)
  yield* io.list(prefix, signal)
  if (fault?.kind === 'after') throw failure(fault, call)
}

function failure({ kind, error }: { kind: 'before' | 'after'; error: ErrorKind }, call: FileIoCall): MoraineError {
  return new MoraineError(error, `injected ${kind} ${call.operation} of ${call.location}: ${error}`)
}

function shortened<T>(result: T, { operation, location }: FileIoCall): T {
  if (!(result instanceof Uint8Array)) return result
  if (operation === 'readRange') throw new MoraineError('corrupt', `injected: ${location} ends early`)
  // The only call left with bytes as its result is `read`.
  return result.slice(0, Math.floor(result.length / 2)) as T
}
