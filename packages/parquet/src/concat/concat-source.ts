import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import { CompactReader } from '@moraine/thrift/compact-reader'
import type { ByteRange } from '../footer/chunk-range.ts'
import { bloomFilterHeader, type ColumnChunk } from '../footer/file-metadata.ts'
import { type ParquetFooter, readFooter } from '../footer/parquet-footer.ts'
import type { RangeReader } from '../range-reader.ts'

/** What planning needs to know of one file: the footer and what only the bytes themselves can tell. */
export type ConcatSource = {
  readonly footer: ParquetFooter
  /** Encoded column and offset indexes by their offset in the file, as far as they lie inside of it. */
  readonly pageIndexes: ReadonlyMap<number, Uint8Array>
  /** Whole lengths, by offset, of bloom filters whose length the footer leaves out. */
  readonly bloomFilterLengths: ReadonlyMap<number, number>
}

/** Reads the footer, the page indexes and, where needed, the bloom filters' headers. */
export async function loadConcatSource(reader: RangeReader, name: string, signal?: AbortSignal): Promise<ConcatSource> {
  const footer = await readFooter(reader, name, signal)
  const chunks = footer.metadata.rowGroups.flatMap((group) => group.columns)
  const [pageIndexes, bloomFilterLengths] = await Promise.all([
    loadPageIndexes(reader, chunks, footer.file.metadataOffset, signal),
    loadBloomFilterLengths(reader, chunks, footer.file.metadataOffset, signal),
  ])
  return { footer, pageIndexes, bloomFilterLengths }
}

// Beyond this, the file's page indexes are left out rather than held in memory.
const PAGE_INDEX_BYTES_MAX = 64 * 1024 * 1024
// Indexes lie side by side; a gap this small is cheaper to read than a second request.
const GAP_BYTES_MAX = 4 * 1024
// A bloom filter's header takes about 15 bytes.
const BLOOM_HEADER_BYTES = 64

async function loadPageIndexes(
  reader: RangeReader,
  chunks: readonly ColumnChunk[],
  end: number,
  signal?: AbortSignal,
): Promise<Map<number, Uint8Array>> {
  const wanted = chunks.flatMap(pageIndexRanges).filter(({ offset, length }) => {
    return offset >= 4 && length > 0 && offset + length <= end
  })
  const total = wanted.reduce((sum, range) => sum + range.length, 0)
  if (total > PAGE_INDEX_BYTES_MAX) return new Map()
  const indexes = new Map<number, Uint8Array>()
  for (const run of joinRanges(wanted)) {
    const bytes = await reader.readRange(run.offset, run.length, signal)
    for (const { offset, length } of run.parts) {
      indexes.set(offset, bytes.subarray(offset - run.offset, offset - run.offset + length))
    }
  }
  return indexes
}

function pageIndexRanges(chunk: ColumnChunk): ByteRange[] {
  const ranges: ByteRange[] = []
  const { columnIndexOffset, columnIndexLength, offsetIndexOffset, offsetIndexLength } = chunk
  if (columnIndexOffset !== undefined && columnIndexLength !== undefined) {
    ranges.push({ offset: columnIndexOffset, length: columnIndexLength })
  }
  if (offsetIndexOffset !== undefined && offsetIndexLength !== undefined) {
    ranges.push({ offset: offsetIndexOffset, length: offsetIndexLength })
  }
  return ranges
}

type Run = { offset: number; length: number; parts: ByteRange[] }

function joinRanges(ranges: readonly ByteRange[]): Run[] {
  const runs: Run[] = []
  for (const part of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1)
    if (last !== undefined && part.offset - (last.offset + last.length) <= GAP_BYTES_MAX) {
      last.length = Math.max(last.length, part.offset + part.length - last.offset)
      last.parts.push(part)
    } else runs.push({ offset: part.offset, length: part.length, parts: [part] })
  }
  return runs
}

async function loadBloomFilterLengths(
  reader: RangeReader,
  chunks: readonly ColumnChunk[],
  end: number,
  signal?: AbortSignal,
): Promise<Map<number, number>> {
  const offsets: number[] = []
  for (const { metadata } of chunks) {
    const offset = metadata?.bloomFilterOffset
    if (offset === undefined || metadata?.bloomFilterLength !== undefined) continue
    if (offset >= 4 && offset < end) offsets.push(offset)
  }
  const lengths = await mapBounded(
    offsets,
    8,
    async (offset, inner) => {
      const head = await reader.readRange(offset, Math.min(BLOOM_HEADER_BYTES, end - offset), inner)
      return bloomFilterLength(head)
    },
    signal,
  )
  return new Map(
    offsets.flatMap((offset, at): [number, number][] => {
      const length = lengths[at]
      return length === undefined ? [] : [[offset, length]]
    }),
  )
}

/** The length that a bloom filter's own header states, header included; `undefined` if that is damaged. */
export function bloomFilterLength(head: Uint8Array): number | undefined {
  const reader = new CompactReader(head)
  try {
    const { numBytes } = bloomFilterHeader.read(reader)
    return numBytes > 0 ? reader.position + numBytes : undefined
  } catch (error) {
    if (error instanceof MoraineError && error.kind === 'corrupt') return undefined
    throw error
  }
}
