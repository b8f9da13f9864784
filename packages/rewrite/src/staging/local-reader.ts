import { type FileHandle, open } from 'node:fs/promises'
import type { RangeReader } from '@moraine/parquet/range-reader'
import { MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'

/** Lets `use` read ranges of a local file. */
export async function withLocalReader<T>(path: string, use: (reader: RangeReader) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw localError(cause, `reading ${path}`)
  })
  try {
    const { size } = await file.stat()
    return await use({
      sizeBytes: size,
      readRange: (offset, length) => readRange(file, path, offset, length),
    })
  } finally {
    await file.close()
  }
}

async function readRange(file: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
    if (bytesRead === 0) throw new MoraineError('corrupt', `${path} ends before byte ${offset + length}`)
    done += bytesRead
  }
  return bytes
}
