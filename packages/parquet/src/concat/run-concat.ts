import { crc32 } from 'node:zlib'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { type OutputSink, type RangeReader, readRangeReusing } from '../range-reader.ts'
import { type ConcatPlan, type Piece, pieceLength } from './concat-plan.ts'
import { bloomFilterLength } from './concat-source.ts'
import { BATCH_BYTES, type Batch, readBatches, type Slice } from './read-batches.ts'

/** A stretch of the output and the CRC-32 of the bytes that were read, or made, for it. */
export type WrittenRange = {
  readonly what: Piece['what']
  readonly outputOffset: number
  readonly length: number
  readonly crc: number
}

export type ConcatResult = {
  readonly sizeBytes: number
  readonly rows: number
  /** Where each row group begins. */
  readonly splitOffsets: readonly number[]
  /** In the order of the output, without gaps. */
  readonly ranges: readonly WrittenRange[]
}

/**
 * Carries out a plan: `readers` are those of its inputs, by position. Reads run ahead of writes with some 8 MiB in
 * memory, which is reused where the readers can fill it. The sink is neither closed nor aborted here; `onProgress` hears the bytes written so far.
 *
 * @throws {MoraineError} `corrupt` where an input contradicts its footer; else what readers and sink throw.
 */
export async function runConcat(
  plan: ConcatPlan,
  readers: readonly RangeReader[],
  sink: OutputSink,
  signal?: AbortSignal,
  onProgress?: (writtenBytes: number) => void,
): Promise<ConcatResult> {
  checkInputs(plan, readers)
  const ranges: WrittenRange[] = []
  let written = 0
  let crc = 0
  for await (const { batch, bytes } of readAhead(readBatches(plan.pieces), readers, signal)) {
    let at = 0
    for (const slice of batch.slices) {
      const { piece, offset, length } = slice
      const part = bytes.subarray(at, at + length)
      at += length
      checkBloomFilter(plan, slice, part)
      crc = crc32(part, offset === 0 ? 0 : crc)
      if (offset + length < pieceLength(piece)) continue
      ranges.push({ what: piece.what, outputOffset: piece.outputOffset, length: pieceLength(piece), crc })
    }
    await sink.write(bytes)
    written += bytes.length
    onProgress?.(written)
  }
  return { sizeBytes: written, rows: plan.rows, splitOffsets: plan.splitOffsets, ranges }
}

const WINDOW_BYTES = 8 * 1024 * 1024
const READS_MAX = 8

type Loading = { readonly batch: Batch; readonly bytes: Promise<Uint8Array>; readonly buffer: Uint8Array }

// Starts reads in order, ahead of the batch that the consumer works on. A batch's bytes are valid until the next one is
// asked for: their memory is used again.
async function* readAhead(
  batches: readonly Batch[],
  readers: readonly RangeReader[],
  signal?: AbortSignal,
): AsyncGenerator<{ batch: Batch; bytes: Uint8Array }> {
  const stop = new AbortController()
  const inner = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const ahead: Loading[] = []
  const buffers = new Buffers()
  let next = 0
  let held = 0
  try {
    for (;;) {
      signal?.throwIfAborted()
      for (let batch = batches[next]; batch !== undefined; batch = batches[next]) {
        if (ahead.length > 0 && (held + batch.length > WINDOW_BYTES || ahead.length >= READS_MAX)) break
        const buffer = buffers.take(batch.length)
        const bytes = loadBatch(batch, readers, buffer, inner)
        // Whoever consumes the batch sees the failure; until then it must not count as unhandled.
        bytes.catch(() => undefined)
        ahead.push({ batch, bytes, buffer })
        held += batch.length
        next += 1
      }
      const first = ahead.shift()
      if (first === undefined) return
      yield { batch: first.batch, bytes: await first.bytes }
      held -= first.batch.length
      buffers.give(first.buffer)
    }
  } finally {
    stop.abort()
    await Promise.allSettled(ahead.map(({ bytes }) => bytes))
  }
}

/** Memory for reads, in a few sizes, so that many small files take no more of it than one large file. */
class Buffers {
  readonly #free = new Map<number, Uint8Array[]>()

  take(length: number): Uint8Array {
    const sizeBytes = BUFFER_BYTES.find((each) => each >= length) ?? BATCH_BYTES
    return this.#free.get(sizeBytes)?.pop() ?? Buffer.allocUnsafeSlow(sizeBytes)
  }

  give(buffer: Uint8Array): void {
    const free = this.#free.get(buffer.length)
    if (free === undefined) this.#free.set(buffer.length, [buffer])
    else free.push(buffer)
  }
}

const BUFFER_BYTES = [64 * 1024, 512 * 1024, BATCH_BYTES]

async function loadBatch(
  { source, length, slices }: Batch,
  readers: readonly RangeReader[],
  buffer: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (source.kind === 'bytes') return Buffer.concat(slices.map(bytesOf), length)
  const reader = must(readers[source.input], `the reader of input ${source.input}`)
  return await readRangeReusing(reader, source.offset, length, buffer, signal)
}

function checkInputs(plan: ConcatPlan, readers: readonly RangeReader[]): void {
  for (const [at, { name, sizeBytes }] of plan.inputs.entries()) {
    const { sizeBytes: found } = must(readers[at], `the reader of ${name}`)
    if (found === sizeBytes) continue
    throw new MoraineError('corrupt', `${name} has ${found} bytes, but had ${sizeBytes} when the copy was planned`)
  }
}

function bytesOf({ piece, offset, length }: Slice): Uint8Array {
  return piece.kind === 'bytes' ? piece.bytes.subarray(offset, offset + length) : new Uint8Array(0)
}

// A filter that is cut short would deny values that are there.
function checkBloomFilter(plan: ConcatPlan, { piece, offset }: Slice, bytes: Uint8Array): void {
  if (piece.kind !== 'copy' || piece.what !== 'bloom-filter' || offset > 0) return
  const stated = bloomFilterLength(bytes)
  if (stated === piece.length) return
  const where = `the bloom filter at ${piece.inputOffset} of ${plan.inputs[piece.input]?.name}`
  throw new MoraineError('corrupt', `${where} states ${stated ?? 'no'} bytes, the footer ${piece.length}`)
}
