import { close, closeSync, constants, fstat, fstatSync, open, openSync, read, readSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { checkAborted } from '@moraine/stdx/abort'
import { MoraineError } from '@moraine/stdx/error'
import { checkRange, cutShort } from './byte-range.ts'
import type { FileIO } from './file-io.ts'
import { localError } from './local-error.ts'
import { filePath } from './local-path.ts'

/** How files of this machine are read. */
export type LocalReads = Pick<FileIO, 'read' | 'readRange'>

/** By calls that hold nobody up. */
export const LOCAL_READS: LocalReads = {
  read: (location, signal) =>
    withFile(location, (file, size) => readBytes(file, { location, at: 0, end: size }, signal), signal),
  readRange: async (location, offset, length, signal) => {
    checkRange(location, offset, length)
    return withFile(location, (file, size) => readBytes(file, within(location, offset, length, size), signal), signal)
  },
}

/**
 * By calls that hold up the thread that makes them, for one that serves nobody: a small file takes a quarter of the processor
 * time, most of which goes into handing a call over. A file system that hangs keeps the thread for as long. Now and then
 * they let through what waits for the thread.
 */
export function blockingReads(): LocalReads {
  let calls = 0
  const giveWay = async () => {
    calls += 1
    if (calls % CALLS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    read: async (location, signal) => {
      await giveWay()
      return withFileNow(location, (file, size) => readBytesNow(file, { location, at: 0, end: size }, signal), signal)
    },
    readRange: async (location, offset, length, signal) => {
      checkRange(location, offset, length)
      await giveWay()
      const read = (file: number, size: number) => readBytesNow(file, within(location, offset, length, size), signal)
      return withFileNow(location, read, signal)
    },
  }
}

/** Of blocking reads in one turn of the event loop. */
const CALLS_PER_TURN = 8
const STEP_BYTES = 16 * 2 ** 20
// Without O_NONBLOCK the opening of a named pipe waits for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

// Many small files are read: a descriptor takes half of the time that a `FileHandle` does.
const openFile = promisify(open)
const statFile = promisify(fstat)
const readFile = promisify(read)
const closeFile = promisify(close)

/** From `at` up to `end`. */
type Stretch = { readonly location: string; readonly at: number; readonly end: number }

function within(location: string, offset: number, length: number, sizeBytes: number): Stretch {
  if (offset + length > sizeBytes) throw cutShort(location, offset, length, sizeBytes)
  return { location, at: offset, end: offset + length }
}

async function withFile<T>(
  location: string,
  use: (file: number, sizeBytes: number) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const doing = `reading ${location}`
  checkAborted(signal, doing)
  try {
    const file = await openFile(filePath(location), FLAGS)
    try {
      return await use(file, regularSize(location, await statFile(file)))
    } finally {
      await closeFile(file)
    }
  } catch (cause) {
    throw localError(cause, doing)
  }
}

function withFileNow<T>(
  location: string,
  use: (file: number, sizeBytes: number) => T,
  signal: AbortSignal | undefined,
): T {
  const doing = `reading ${location}`
  checkAborted(signal, doing)
  try {
    const file = openSync(filePath(location), FLAGS)
    try {
      return use(file, regularSize(location, fstatSync(file)))
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw localError(cause, doing)
  }
}

function regularSize(location: string, found: Stats): number {
  if (!found.isFile()) throw new MoraineError('not-found', `${location} is not a regular file`)
  return found.size
}

async function readBytes(file: number, stretch: Stretch, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const bytes = allocate(stretch)
  for (let done = 0; done < bytes.length; ) {
    checkAborted(signal, `reading ${stretch.location}`)
    const { bytesRead } = await readFile(
      file,
      bytes,
      done,
      Math.min(STEP_BYTES, bytes.length - done),
      stretch.at + done,
    )
    done += advanced(bytesRead, done, stretch)
  }
  return bytes
}

function readBytesNow(file: number, stretch: Stretch, signal: AbortSignal | undefined): Uint8Array {
  const bytes = allocate(stretch)
  for (let done = 0; done < bytes.length; ) {
    checkAborted(signal, `reading ${stretch.location}`)
    const bytesRead = readSync(file, bytes, done, Math.min(STEP_BYTES, bytes.length - done), stretch.at + done)
    done += advanced(bytesRead, done, stretch)
  }
  return bytes
}

function advanced(bytesRead: number, done: number, { location, at, end }: Stretch): number {
  if (bytesRead === 0) throw cutShort(location, at, end - at, at + done)
  return bytesRead
}

/** Memory that is not zeroed, since it is filled at once. */
function allocate({ location, at, end }: Stretch): Uint8Array {
  try {
    return new Uint8Array(Buffer.allocUnsafeSlow(end - at).buffer)
  } catch (cause) {
    throw new MoraineError('exhausted', `${location}: no memory for ${end - at} bytes; read it by ranges`, { cause })
  }
}
