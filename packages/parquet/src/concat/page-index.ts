import { MoraineError } from '@moraine/stdx/error'
import {
  decodeCompactTree,
  encodeCompactTree,
  i64Value,
  structList,
  structsOf,
  type ThriftStruct,
  withFields,
} from '@moraine/thrift/thrift-tree'
import { decodeCompact } from '@moraine/thrift/thrift-type'
import { chunkRange } from '../footer/chunk-range.ts'
import { type ColumnChunk, type ColumnMetadata, columnIndex, offsetIndex } from '../footer/file-metadata.ts'

/** A chunk's page indexes as the output holds them. */
export type MovedPageIndex = { readonly columnIndex?: Uint8Array; readonly offsetIndex: Uint8Array }

/** What to do with a chunk's page indexes: there are none, they move along, or they are left out for a reason. */
export type PageIndexVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'moved'; readonly index: MovedPageIndex }
  | { readonly kind: 'dropped'; readonly reason: string }

/**
 * Column indexes hold no offsets and stay as they are. Offset indexes hold the absolute offset of each page: they are
 * shifted, with fields that we do not know kept. Damaged indexes would make readers skip or misread pages, so both are
 * checked against the chunk and dropped if in doubt: readers do without.
 */
export function movePageIndex(
  chunk: ColumnChunk,
  metadata: ColumnMetadata,
  rows: number,
  loaded: ReadonlyMap<number, Uint8Array>,
  shift: number,
): PageIndexVerdict {
  if (chunk.offsetIndexOffset === undefined) {
    if (chunk.columnIndexOffset === undefined) return { kind: 'none' }
    return { kind: 'dropped', reason: 'a column index without an offset index' }
  }
  const offsets = loaded.get(chunk.offsetIndexOffset)
  if (offsets === undefined || offsets.length !== chunk.offsetIndexLength) {
    return { kind: 'dropped', reason: 'the offset index lies outside of the file or is too large' }
  }
  try {
    const { pages, bytes } = shiftOffsetIndex(offsets, metadata, rows, shift)
    if (chunk.columnIndexOffset === undefined) return { kind: 'moved', index: { offsetIndex: bytes } }
    const columns = loaded.get(chunk.columnIndexOffset)
    if (columns === undefined || columns.length !== chunk.columnIndexLength) {
      return { kind: 'dropped', reason: 'the column index lies outside of the file or is too large' }
    }
    const { nullPages } = decodeCompact(columnIndex, columns)
    if (nullPages.length !== pages) {
      return { kind: 'dropped', reason: `${nullPages.length} pages in the column index, ${pages} in the offset index` }
    }
    return { kind: 'moved', index: { columnIndex: columns, offsetIndex: bytes } }
  } catch (error) {
    if (error instanceof MoraineError && error.kind === 'corrupt') return { kind: 'dropped', reason: error.message }
    throw error
  }
}

function shiftOffsetIndex(
  encoded: Uint8Array,
  metadata: ColumnMetadata,
  rows: number,
  shift: number,
): { pages: number; bytes: Uint8Array } {
  const { pageLocations } = decodeCompact(offsetIndex, encoded)
  const { offset: start, length } = chunkRange(metadata)
  let end = start
  let firstRow = -1
  for (const page of pageLocations) {
    const isInOrder = page.offset >= end && page.compressedPageSize > 0 && page.firstRowIndex > firstRow
    end = page.offset + page.compressedPageSize
    firstRow = page.firstRowIndex
    if (!isInOrder || end > start + length || firstRow >= rows) {
      throw new MoraineError('corrupt', 'the offset index does not fit its pages')
    }
  }
  const tree = decodeCompactTree(encoded)
  const moved = structsOf(tree, 1).map((location, at): ThriftStruct => {
    return withFields(location, { 1: i64Value((pageLocations[at]?.offset ?? 0) + shift) })
  })
  return { pages: pageLocations.length, bytes: encodeCompactTree(withFields(tree, { 1: structList(moved) })) }
}
