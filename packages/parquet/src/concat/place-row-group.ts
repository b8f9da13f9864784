import { must } from '@moraine/stdx/assert'
import { i64Value, structField, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import { type ByteRange, chunkRange } from '../footer/chunk-range.ts'
import type { ColumnChunk, ColumnMetadata } from '../footer/file-metadata.ts'

/** A stretch of an input's row group that is copied whole, and how far its bytes move. */
export type Segment = ByteRange & { readonly outputOffset: number }

/**
 * Lays a row group's chunks at `outputOffset`: chunks that touch each other are one segment, what lies between others
 * (page indexes, padding) is left behind. `undefined` if chunks overlap, which no writer does.
 */
export function placeChunks(chunks: readonly ColumnMetadata[], outputOffset: number): readonly Segment[] | undefined {
  const ranges = chunks.map(chunkRange).toSorted((a, b) => a.offset - b.offset || a.length - b.length)
  const segments: { offset: number; length: number; outputOffset: number }[] = []
  let end = outputOffset
  for (const { offset, length } of ranges) {
    const last = segments.at(-1)
    if (last !== undefined && offset < last.offset + last.length) return undefined
    if (last !== undefined && offset === last.offset + last.length) last.length += length
    else segments.push({ offset, length, outputOffset: end })
    end += length
  }
  return segments
}

/** How far a chunk moves; chunks never straddle segments. */
export function shiftOf(metadata: ColumnMetadata, segments: readonly Segment[]): number {
  const { offset, length } = chunkRange(metadata)
  const inside = (segment: Segment) => offset >= segment.offset && offset + length <= segment.offset + segment.length
  const segment = must(segments.find(inside), 'the segment of a chunk')
  return segment.outputOffset - segment.offset
}

/**
 * The chunk's footer entry after a move. Page indexes and the bloom filter are left out: they are placed later. Offsets
 * that point outside of the chunk's pages are dropped, among them that of a copy of the metadata behind the chunk.
 */
export function movedChunk(
  tree: ThriftStruct,
  chunk: ColumnChunk,
  metadata: ColumnMetadata,
  shift: number,
): ThriftStruct {
  const { offset, length } = chunkRange(metadata)
  const moved = (at: number | undefined) =>
    at !== undefined && at >= offset && at < offset + length ? i64Value(at + shift) : undefined
  const metadataTree = withFields(must(structField(tree, 3), 'the metadata of a chunk'), {
    9: i64Value(metadata.dataPageOffset + shift),
    10: moved(metadata.indexPageOffset),
    11: moved(metadata.dictionaryPageOffset),
    14: undefined,
    15: undefined,
  })
  return withFields(tree, {
    2: moved(chunk.fileOffset) ?? i64Value(0),
    3: metadataTree,
    4: undefined,
    5: undefined,
    6: undefined,
    7: undefined,
  })
}
