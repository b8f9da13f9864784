import { crc32 } from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import { type RangeReader, readRangeReusing } from '../range-reader.ts'
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
  const chunks = readWhole(output, signal)
  let bytes: Uint8Array = new Uint8Array(0)
  try {
    for (const range of result.ranges) {
      let crcWritten = 0
      for (let left = range.length; left > 0; ) {
        if (bytes.length === 0) bytes = (await chunks.next()).value ?? missing(range)
        const part = bytes.subarray(0, left)
        crcWritten = crc32(part, crcWritten)
        left -= part.length
        bytes = bytes.subarray(part.length)
      }
      if (crcWritten !== range.crc) {
        throw new MoraineError(
          'verification-failed',
          `the output differs from what was read for its ${describe(range)}`,
        )
      }
      verified.push({ ...range, crcWritten })
    }
  } finally {
    await chunks.return(undefined)
  }
  return verified
}

// Two buffers: one is being checked while the other is filled.
async function* readWhole(reader: RangeReader, signal?: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
  const bufferBytes = Math.min(BATCH_BYTES, reader.sizeBytes)
  const buffers = [
    Buffer.allocUnsafe(bufferBytes),
    Buffer.allocUnsafe(Math.min(bufferBytes, reader.sizeBytes - bufferBytes)),
  ]
  const start = (offset: number, turn: number) => {
    const length = Math.min(BATCH_BYTES, reader.sizeBytes - offset)
    const bytes = readRangeReusing(reader, offset, length, buffers[turn % 2] as Uint8Array, signal)
    // Whoever asks for it next sees the failure.
    bytes.catch(() => undefined)
    return bytes
  }
  let loading = reader.sizeBytes > 0 ? start(0, 0) : undefined
  try {
    for (let turn = 1; loading !== undefined; turn += 1) {
      const bytes = await loading
      const offset = turn * BATCH_BYTES
      loading = offset < reader.sizeBytes ? start(offset, turn) : undefined
      yield bytes
    }
  } finally {
    await loading?.catch(() => undefined)
  }
  return undefined
}

function missing(range: WrittenRange): never {
  throw new MoraineError('verification-failed', `the output ends before its ${describe(range)}`)
}

function describe({ what, outputOffset, length }: WrittenRange): string {
  return `${what} at ${outputOffset}, ${length} bytes`
}
