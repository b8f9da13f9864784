import { close, constants, fstat, open, read } from 'node:fs'
import { stat, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { checkRange, cutShort } from './byte-range.ts'
import type { FileIO, FileStatus } from './file-io.ts'
import { errnoOf, isAbsent, localError } from './local-error.ts'
import { fileStatus, listLocalFiles } from './local-list.ts'
import { writeUnreferenced } from './local-unreferenced.ts'
import { openLocalWriter } from './local-writer.ts'
import { parseLocation } from './location.ts'

/**
 * Files of this machine: `/a/b`, `file:/a/b`, `file:///a/b`.
 *
 * - A write goes to `.moraine-<uuid>.tmp` beside its target, is synced and then linked (`createOnly`) or renamed, so
 *   `createOnly` is atomic also between processes. Directories are made as needed and never removed.
 * - One to an unreferenced location goes there at once, which saves one of two waits for the disk.
 * - A process that is killed leaves its temporary file behind. `list` shows neither these nor symbolic links, and follows
 *   none; `read` and `stat` do follow them.
 * - Names that are not UTF-8 can be neither listed nor named.
 */
export function localFileIO(random: Random): FileIO {
  return {
    read: (location, signal) => withFile(location, (file, size) => readBytes(file, location, 0, size, signal), signal),
    readRange: async (location, offset, length, signal) => {
      checkRange(location, offset, length)
      return withFile(location, (file, size) => readRange(file, location, offset, length, size, signal), signal)
    },
    stat: statLocal,
    openWriter: async (location, options, signal) =>
      openLocalWriter(filePath(location), writerOptions(random, options?.createOnly, signal)),
    write: async (location, bytes, options, signal) => {
      if (options?.isUnreferenced === true && (await writeUnreferenced(filePath(location), bytes, signal)))
        return 'written'
      const writer = await openLocalWriter(filePath(location), writerOptions(random, options?.createOnly, signal))
      await writer.write(bytes)
      return writer.close()
    },
    remove: removeFiles,
    list: (prefix, signal) => listLocal(prefix, signal),
    canCreateOnly: () => true,
    localPath: (location) => (parseLocation(location).scheme === 'file' ? filePath(location) : undefined),
  }
}

const PARALLEL_REMOVALS = 16
const STEP_BYTES = 16 * 2 ** 20

function writerOptions(random: Random, createOnly: boolean | undefined, signal: AbortSignal | undefined) {
  return { createOnly: createOnly ?? false, random, ...(signal && { signal }) }
}

/** The absolute path of a file's location. */
function filePath(location: string): string {
  const path = localPathOf(location)
  if (path.endsWith('/')) throw new MoraineError('invalid-input', `${location} names a directory, not a file`)
  return path
}

function localPathOf(location: string): string {
  const { scheme, path } = parseLocation(location)
  if (scheme !== 'file') throw new MoraineError('unsupported', `${location} is not a local file`)
  return path
}

// Many small files are read: a descriptor takes half of the time that a `FileHandle` does.
const openFile = promisify(open)
const statFile = promisify(fstat)
const readFile = promisify(read)
const closeFile = promisify(close)

async function withFile<T>(
  location: string,
  use: (file: number, sizeBytes: number) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const doing = `reading ${location}`
  checkAborted(signal, doing)
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for a writer.
    const file = await openFile(filePath(location), constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const found = await statFile(file)
      if (!found.isFile()) throw new MoraineError('not-found', `${location} is not a regular file`)
      return await use(file, found.size)
    } finally {
      await closeFile(file)
    }
  } catch (cause) {
    throw localError(cause, doing)
  }
}

function readRange(
  file: number,
  location: string,
  offset: number,
  length: number,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (offset + length > sizeBytes) throw cutShort(location, offset, length, sizeBytes)
  return readBytes(file, location, offset, length, signal)
}

async function readBytes(
  file: number,
  location: string,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = allocate(location, length)
  for (let at = 0; at < length; ) {
    checkAborted(signal, `reading ${location}`)
    const { bytesRead } = await readFile(file, bytes, at, Math.min(STEP_BYTES, length - at), offset + at)
    if (bytesRead === 0) throw cutShort(location, offset, length, offset + at)
    at += bytesRead
  }
  return bytes
}

/** Memory that is not zeroed, since it is filled at once. */
function allocate(location: string, length: number): Uint8Array {
  try {
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  } catch (cause) {
    throw new MoraineError('exhausted', `${location}: no memory for ${length} bytes; read it by ranges`, { cause })
  }
}

async function statLocal(location: string, signal?: AbortSignal): Promise<FileStatus | undefined> {
  checkAborted(signal, `looking up ${location}`)
  try {
    const found = await stat(localPathOf(location))
    return found.isFile() ? fileStatus(location, found) : undefined
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `looking up ${location}`)
  }
}

async function removeFiles(locations: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    await mapBounded(locations, PARALLEL_REMOVALS, removeFile, signal)
  } catch (error) {
    checkAborted(signal, `removing ${locations.length} files`)
    throw error
  }
}

async function removeFile(location: string, signal: AbortSignal): Promise<void> {
  checkAborted(signal, `removing ${location}`)
  await unlink(localPathOf(location)).catch((cause: unknown) => {
    // A directory is no object, so there is none to remove.
    if (!isAbsent(cause) && errnoOf(cause) !== 'EISDIR') throw localError(cause, `removing ${location}`)
  })
}

async function* listLocal(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<FileStatus> {
  const path = localPathOf(prefix)
  const namePrefix = path.slice(path.lastIndexOf('/') + 1)
  const directory = path.slice(0, path.length - namePrefix.length)
  const spelling = prefix.slice(0, prefix.length - namePrefix.length)
  yield* listLocalFiles(directory, namePrefix, spelling, signal)
}
