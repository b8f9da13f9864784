import { MoraineError } from '@moraine/stdx/error'

/** A stored object of known size, read by ranges. `readRange` returns exactly `length` bytes or fails. */
export type RangeReader = {
  readonly sizeBytes: number
  readRange(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
}

/** Where output goes, in order. The bytes may be reused by the caller once the promise resolves. */
export type ByteSink = { write(bytes: Uint8Array): Promise<void> }

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
