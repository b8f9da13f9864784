import type { FileIO, FileWriter } from './file-io.ts'

/** One call to a store, as a layer sees it. `remove` is named by its first location. */
export type FileIoCall = {
  readonly operation:
    | 'read'
    | 'readRange'
    | 'stat'
    | 'write'
    | 'openWriter'
    | 'writerWrite'
    | 'writerClose'
    | 'remove'
    | 'list'
  readonly location: string
  /** Bytes handed over or asked for, 0 where the call does not say. */
  readonly sizeBytes: number
  readonly objects: number
}

/** What a layer does around each call. `run` may be given another signal than the caller's, or not run at all. */
export type AroundCall = <T>(
  call: FileIoCall,
  run: (signal: AbortSignal | undefined) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T>

/** The FileIO with `around` put around every call, a writer's included, but not listings nor the giving up of a writer. */
export function aroundCalls(io: FileIO, around: AroundCall): FileIO {
  const call = (operation: FileIoCall['operation'], location: string, sizeBytes = 0, objects = 1): FileIoCall => ({
    operation,
    location,
    sizeBytes,
    objects,
  })
  return {
    ...delegate(io),
    read: (location, signal) => around(call('read', location), (inner) => io.read(location, inner), signal),
    // A length that is none is refused further in.
    readRange: (location, offset, length, signal) =>
      around(
        call('readRange', location, Number.isSafeInteger(length) ? Math.max(0, length) : 0),
        (inner) => io.readRange(location, offset, length, inner),
        signal,
      ),
    stat: (location, signal) => around(call('stat', location), (inner) => io.stat(location, inner), signal),
    write: (location, bytes, options, signal) =>
      around(call('write', location, bytes.length), (inner) => io.write(location, bytes, options, inner), signal),
    openWriter: async (location, options, signal) => {
      const open = (inner: AbortSignal | undefined) => io.openWriter(location, options, inner)
      const writer = await around(call('openWriter', location), open, signal)
      return {
        write: (bytes) => around(call('writerWrite', location, bytes.length), () => writer.write(bytes), signal),
        close: () => around(call('writerClose', location), () => writer.close(), signal),
        abort: () => writer.abort(),
      } satisfies FileWriter
    },
    remove: (locations, signal) =>
      around(
        call('remove', locations[0] ?? 'nothing', 0, locations.length),
        (inner) => io.remove(locations, inner),
        signal,
      ),
  }
}

/** The same FileIO as an object that can be spread, whatever it is made of. */
export function delegate(io: FileIO): FileIO {
  return {
    read: (location, signal) => io.read(location, signal),
    readRange: (location, offset, length, signal) => io.readRange(location, offset, length, signal),
    stat: (location, signal) => io.stat(location, signal),
    write: (location, bytes, options, signal) => io.write(location, bytes, options, signal),
    openWriter: (location, options, signal) => io.openWriter(location, options, signal),
    remove: (locations, signal) => io.remove(locations, signal),
    list: (prefix, signal) => io.list(prefix, signal),
    canCreateOnly: (location) => io.canCreateOnly(location),
    localPath: (location) => io.localPath?.(location),
  }
}
