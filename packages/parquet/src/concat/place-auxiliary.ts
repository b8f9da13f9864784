import { must } from '@moraine/stdx/assert'
import { i64Value, structField, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import type { ByteRange } from '../footer/chunk-range.ts'
import type { ColumnChunk, ColumnMetadata } from '../footer/file-metadata.ts'
import type { ConcatInput } from './concat-plan.ts'
import type { OutputLayout } from './output-layout.ts'
import { type MovedPageIndex, movePageIndex } from './page-index.ts'

/** A chunk whose pages have their place in the output; `tree` is its footer entry so far. */
export type PlacedChunk = {
  tree: ThriftStruct
  /** Absent for a chunk that was made for the output. */
  readonly original?: OriginalChunk
}

export type OriginalChunk = {
  readonly input: number
  readonly rowGroup: number
  readonly rows: number
  readonly chunk: ColumnChunk
  readonly metadata: ColumnMetadata
  /** How far the pages move. */
  readonly shift: number
}

/**
 * Places bloom filters, then column indexes, then offset indexes behind all row groups, as parquet-java does, and adds
 * references to them to the chunks' entries. What cannot be used is left out; the notes returned say so.
 */
export function placeAuxiliary(
  layout: OutputLayout,
  inputs: readonly ConcatInput[],
  chunks: readonly PlacedChunk[],
): string[] {
  const drops = new Map<string, { count: number; first: string }>()
  const drop = (what: string, { input, rowGroup, metadata }: OriginalChunk, reason: string) => {
    const key = `${must(inputs[input], 'an input').source.footer.file.name}: ${what}`
    const first = `${metadata.path.join('.')} of row group ${rowGroup}: ${reason}`
    const known = drops.get(key)
    if (known === undefined) drops.set(key, { count: 1, first })
    else known.count += 1
  }
  for (const chunk of chunks) {
    if (chunk.original !== undefined) placeBloomFilter(layout, inputs, chunk, chunk.original, drop)
  }
  placePageIndexes(layout, inputs, chunks, drop)
  return [...drops].map(([what, { count, first }]) => `${what} of ${count} column chunks left out; ${first}`)
}

type Drop = (what: string, original: OriginalChunk, reason: string) => void

function placeBloomFilter(
  layout: OutputLayout,
  inputs: readonly ConcatInput[],
  placed: PlacedChunk,
  original: OriginalChunk,
  drop: Drop,
): void {
  const { metadata, input } = original
  const offset = metadata.bloomFilterOffset
  if (offset === undefined) return
  const { source } = must(inputs[input], 'an input')
  const length = metadata.bloomFilterLength ?? source.bloomFilterLengths.get(offset)
  if (length === undefined || !isInside({ offset, length }, source.footer.file.metadataOffset)) {
    drop('bloom filters', original, 'it lies outside of the file or has a damaged header')
    return
  }
  const entry = withFields(must(structField(placed.tree, 3), 'the metadata of a chunk'), {
    14: i64Value(layout.offset),
    15: { type: 'i32', value: length },
  })
  placed.tree = withFields(placed.tree, { 3: entry })
  layout.appendCopy('bloom-filter', input, offset, length)
}

function isInside({ offset, length }: ByteRange, end: number): boolean {
  return offset >= 4 && length > 0 && offset + length <= end
}

function placePageIndexes(
  layout: OutputLayout,
  inputs: readonly ConcatInput[],
  chunks: readonly PlacedChunk[],
  drop: Drop,
): void {
  const moved: { chunk: PlacedChunk; index: MovedPageIndex }[] = []
  for (const chunk of chunks) {
    const { original } = chunk
    if (original === undefined) continue
    const { pageIndexes } = must(inputs[original.input], 'an input').source
    const verdict = movePageIndex(original.chunk, original.metadata, original.rows, pageIndexes, original.shift)
    if (verdict.kind === 'moved') moved.push({ chunk, index: verdict.index })
    if (verdict.kind === 'dropped') drop('page indexes', original, verdict.reason)
  }
  for (const { chunk, index } of moved) {
    if (index.columnIndex === undefined) continue
    const length = { type: 'i32' as const, value: index.columnIndex.length }
    chunk.tree = withFields(chunk.tree, { 6: i64Value(layout.offset), 7: length })
    layout.appendBytes('column-index', index.columnIndex)
  }
  for (const { chunk, index } of moved) {
    const length = { type: 'i32' as const, value: index.offsetIndex.length }
    chunk.tree = withFields(chunk.tree, { 4: i64Value(layout.offset), 5: length })
    layout.appendBytes('offset-index', index.offsetIndex)
  }
}
