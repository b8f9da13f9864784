import { must } from '@moraine/stdx/assert'
import { i64Value, structField, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import { type ByteRange, chunkRange } from '../footer/chunk-range.ts'
import type { ColumnChunk, ColumnMetadata } from '../footer/file-metadata.ts'

/** A stretch of an input's row group that is copied whole, and how far its bytes move. */
export type Segment = ByteRange & { readonly outputOffset: number }

/** Where a row group's bytes go. Each of its chunks moves by its shift, in the order of the chunks. */
export type ChunkPlacement = { readonly segments: readonly Segment[]; readonly shifts: readonly number[] }

/**
 * Lays a row group's chunks at `outputOffset`: chunks that touch each other are one segment, what lies between others
 * (page indexes, padding) is left behind. `undefined` if chunks overlap, which no writer does.
 */
export function placeChunks(chunks: readonly ColumnMetadata[], outputOffset: number): ChunkPlacement | undefined {
  const ranges = chunks.map((metadata, at) => ({ at, ...chunkRange(metadata) }))
  ranges.sort((a, b) => a.offset - b.offset || a.length - b.length)
  const segments: { offset: number; length: number; outputOffset: number }[] = []
  const shifts = new Array<number>(chunks.length).fill(0)
  let end = outputOffset
  for (const { at, offset, length } of ranges) {
    const last = segments.at(-1)
    if (last !== undefined && offset < last.offset + last.length) return undefined
    if (last !== undefined && offset === last.offset + last.length) last.length += length
    else segments.push({ offset, length, outputOffset: end })
    shifts[at] = end - offset
    end += length
  }
  return { segments, shifts }
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
