import { checkAborted } from '@moraine/stdx/abort'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { checkRange, cutShort } from '@moraine/storage/byte-range'
import type { FileIO, FileStatus, FileWriter, WriteOptions, WriteOutcome } from '@moraine/storage/file-io'
import { canonicalScheme, parseLocation } from '@moraine/storage/location'

export type MemoryFileIoOptions = {
  /** Time of modification; without it the n-th write happens at n ms. */
  readonly clock?: { now(): EpochMs }
  /** False for a store without conditional writes, such as OBS. */
  readonly createOnly?: boolean
}

export type MemoryFileIO = FileIO & {
  /** The locations of all objects, in order of their first write, each spelled as it was first written. */
  locations(): readonly string[]
}

/** Objects in memory, of any scheme; deterministic. Bytes are copied on their way in and out. */
export function memoryFileIO(options: MemoryFileIoOptions = {}): MemoryFileIO {
  const objects = new Map<string, MemoryObject>()
  const canCreateOnly = options.createOnly ?? true
  let writes = 0
  const now = () => options.clock?.now() ?? (writes as EpochMs)

  const wantsCreateOnly = (location: string, writeOptions: WriteOptions | undefined): boolean => {
    const wanted = writeOptions?.createOnly ?? false
    if (wanted && !canCreateOnly) throw new MoraineError('unsupported', `${location}: no create-only writes here`)
    return wanted
  }
  const put = (location: string, bytes: Uint8Array, createOnly: boolean): WriteOutcome => {
    const key = keyOf(location)
    const old = objects.get(key)
    if (createOnly && old !== undefined) return 'exists'
    writes += 1
    objects.set(key, { location: old?.location ?? location, bytes: new Uint8Array(bytes), modifiedAt: now() })
    return 'written'
  }
  const load = (location: string): Uint8Array => {
    const found = objects.get(keyOf(location))
    if (found === undefined) throw new MoraineError('not-found', `there is no ${location}`)
    return found.bytes
  }

  return {
    read: (location, signal) => step(signal, `reading ${location}`, () => new Uint8Array(load(location))),
    readRange: (location, offset, length, signal) =>
      step(signal, `reading ${location}`, () => slice(location, load(location), offset, length)),
    stat: (location, signal) =>
      step(signal, `looking up ${location}`, () => {
        const found = objects.get(keyOf(location))
        return found && statusOf(location, found)
      }),
    write: (location, bytes, writeOptions, signal) =>
      step(signal, `writing ${location}`, () => put(location, bytes, wantsCreateOnly(location, writeOptions))),
    openWriter: (location, writeOptions, signal) =>
      step(signal, `writing ${location}`, () => {
        const createOnly = wantsCreateOnly(location, writeOptions)
        return memoryWriter((bytes) => put(location, bytes, createOnly), location, signal)
      }),
    remove: (locations, signal) =>
      step(signal, `removing ${locations.length} objects`, () => {
        for (const location of locations) objects.delete(keyOf(location))
      }),
    list: (prefix, signal) => listObjects(objects, prefix, signal),
    canCreateOnly: () => canCreateOnly,
    locations: () => [...objects.values()].map(({ location }) => location),
  }
}

type MemoryObject = { readonly location: string; readonly bytes: Uint8Array; readonly modifiedAt: EpochMs }

function memoryWriter(
  put: (bytes: Uint8Array) => WriteOutcome,
  location: string,
  signal: AbortSignal | undefined,
): FileWriter {
  let parts: Uint8Array[] = []
  return {
    write: (bytes) => step(signal, `writing ${location}`, () => void parts.push(new Uint8Array(bytes))),
    close: () => step(signal, `writing ${location}`, () => put(Buffer.concat(parts))),
    abort: async () => {
      parts = []
    },
  }
}

async function* listObjects(
  objects: ReadonlyMap<string, MemoryObject>,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  const start = keyOf(prefix)
  for (const [key, object] of [...objects]) {
    if (!key.startsWith(start)) continue
    yield await step(signal, `listing ${prefix}`, () => statusOf(prefix + key.slice(start.length), object))
  }
}

/** One turn of the event loop's microtasks, so that concurrent callers interleave. */
async function step<T>(signal: AbortSignal | undefined, doing: string, run: () => T): Promise<T> {
  checkAborted(signal, doing)
  await Promise.resolve()
  checkAborted(signal, doing)
  return run()
}

function slice(location: string, bytes: Uint8Array, offset: number, length: number): Uint8Array {
  checkRange(location, offset, length)
  if (offset + length > bytes.length) throw cutShort(location, offset, length, bytes.length)
  return bytes.slice(offset, offset + length)
}

function keyOf(location: string): string {
  const { scheme, authority, path } = parseLocation(location)
  return `${canonicalScheme(scheme)}://${authority}/${path}`
}

function statusOf(location: string, { bytes, modifiedAt }: MemoryObject): FileStatus {
  return { location, sizeBytes: bytes.length, modifiedAt }
}
