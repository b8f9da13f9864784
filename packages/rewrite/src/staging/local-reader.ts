import { type FileHandle, open } from 'node:fs/promises'
import type { RangeReader } from '@moraine/parquet/range-reader'
import { MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'

/**
 * Reads ranges of a local file, also into memory of the caller. The file is open only while it is read: a task may have
 * thousands of them. No deadline gives a read up while it goes on, so its memory is free to be used again after it.
 */
export function localReader(path: string, sizeBytes: number): RangeReader {
  const fill = async (offset: number, bytes: Uint8Array) => {
    const file = await openFile(path)
    try {
      await readFully(file, path, offset, bytes)
    } finally {
      await file.close()
    }
  }
  return {
    sizeBytes,
    async readRange(offset, length, signal) {
      signal?.throwIfAborted()
      const bytes = Buffer.allocUnsafe(length)
      await fill(offset, bytes)
      return bytes
    },
    async readInto(offset, into, signal) {
      signal?.throwIfAborted()
      await fill(offset, into)
    },
  }
}

/** Lets `use` read ranges of a local file, which stays open meanwhile. */
export async function withLocalReader<T>(path: string, use: (reader: RangeReader) => Promise<T>): Promise<T> {
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    return await use({
      sizeBytes: size,
      async readRange(offset, length) {
        const bytes = Buffer.allocUnsafe(length)
        await readFully(file, path, offset, bytes)
        return bytes
      },
      readInto: (offset, into) => readFully(file, path, offset, into),
    })
  } finally {
    await file.close()
  }
}

function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: unknown) => {
    throw localError(cause, `reading ${path}`)
  })
}

async function readFully(file: FileHandle, path: string, offset: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done).catch((cause: unknown) => {
      throw localError(cause, `reading ${path}`)
    })
    if (bytesRead === 0) throw new MoraineError('corrupt', `${path} ends before byte ${offset + bytes.length}`)
    done += bytesRead
  }
}
