import { MoraineError } from '@moraine/stdx/error'

/** A stored object of known size, read by ranges. `readRange` returns exactly `length` bytes or fails. */
export type RangeReader = {
  readonly sizeBytes: number
  readRange(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  /**
   * The same into memory of the caller, all of which is filled. Large copies reuse their buffers where a reader can do
   * this; without it, they cost twice the CPU time in garbage collection.
   */
  readInto?(offset: number, into: Uint8Array, signal?: AbortSignal): Promise<void>
}

/** Where output goes, in order. The bytes may be reused by the caller once the promise resolves. */
export type OutputSink = { write(bytes: Uint8Array): Promise<void> }

/** Reads a range into `buffer` if the reader can, else wherever the reader puts it. The range must fit the buffer. */
export async function readRangeReusing(
  reader: RangeReader,
  offset: number,
  length: number,
  buffer: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (reader.readInto === undefined) {
    const bytes = await reader.readRange(offset, length, signal)
    if (bytes.length === length) return bytes
    throw new MoraineError('corrupt', `${bytes.length} bytes came instead of ${length} at ${offset}`)
  }
  const bytes = buffer.subarray(0, length)
  await reader.readInto(offset, bytes, signal)
  return bytes
}
