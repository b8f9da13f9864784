import { crc32 } from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import type { RangeReader } from '../range-reader.ts'
import { BATCH_BYTES } from './read-batches.ts'
import type { ConcatResult, WrittenRange } from './run-concat.ts'

/** Evidence that a stretch of the output holds what was read from its input. */
export type VerifiedRange = WrittenRange & { readonly crcWritten: number }

/**
 * Reads the whole output back and compares the CRC-32 of every range with that of the bytes that went into it.
 *
 * @throws {MoraineError} `verification-failed` at the first difference, also in size.
 */
export async function verifyConcat(
  result: ConcatResult,
  output: RangeReader,
  signal?: AbortSignal,
): Promise<VerifiedRange[]> {
  if (output.sizeBytes !== result.sizeBytes) {
    throw new MoraineError(
      'verification-failed',
      `the output has ${output.sizeBytes} bytes, ${result.sizeBytes} were written`,
    )
  }
  const verified: VerifiedRange[] = []
  let offset = 0
  let bytes: Uint8Array = new Uint8Array(0)
  for (const range of result.ranges) {
    let crcWritten = 0
    for (let left = range.length; left > 0; ) {
      if (bytes.length === 0) {
        bytes = await output.readRange(offset, Math.min(BATCH_BYTES, output.sizeBytes - offset), signal)
        if (bytes.length === 0) throw new MoraineError('verification-failed', `the output ends at byte ${offset}`)
        offset += bytes.length
      }
      const part = bytes.subarray(0, left)
      crcWritten = crc32(part, crcWritten)
      left -= part.length
      bytes = bytes.subarray(part.length)
    }
    if (crcWritten !== range.crc) {
      const where = `${range.what} at ${range.outputOffset}, ${range.length} bytes`
      throw new MoraineError('verification-failed', `the output differs from what was read for it: ${where}`)
    }
    verified.push({ ...range, crcWritten })
  }
  return verified
}
