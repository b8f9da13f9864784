import { MoraineError } from '@moraine/stdx/error'
import type { RangeReader } from '../range-reader.ts'

/** Reads from bytes in memory. */
export function bytesReader(bytes: Uint8Array): RangeReader {
  return {
    sizeBytes: bytes.length,
    async readRange(offset, length, signal) {
      signal?.throwIfAborted()
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new MoraineError('corrupt', `bytes ${offset}..${offset + length} lie outside of ${bytes.length} bytes`)
      }
      return bytes.subarray(offset, offset + length)
    },
  }
}
