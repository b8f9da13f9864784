import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import { structsOf } from '@moraine/thrift/thrift-tree'
import { chunkRange } from '../footer/chunk-range.ts'
import type { ColumnMetadata, RowGroup } from '../footer/file-metadata.ts'
import type { ParquetFooter } from '../footer/parquet-footer.ts'
import type { SchemaLeaf } from '../footer/schema-tree.ts'
import { type BoundOrder, boundOrder } from './bound-order.ts'

/** What a footer says about a file's columns, by field id, in Parquet's terms. */
export type FooterMetrics = {
  readonly rows: number
  readonly columns: ReadonlyMap<number, ColumnMetrics>
  /** The first byte of each row group. */
  readonly splitOffsets: readonly number[]
}

/** A figure that some row group lacks is absent. Columns inside of lists and maps count elements, not rows. */
export type ColumnMetrics = {
  readonly leaf: SchemaLeaf
  readonly compressedBytes: number
  readonly valueCount: number
  readonly nullCount?: number
  readonly nanCount?: number
  readonly lower?: Bound
  readonly upper?: Bound
}

/** In Parquet's plain encoding. `isExact`: whether the value occurs in the column, or may be a shortened one. */
export type Bound = { readonly bytes: Uint8Array; readonly isExact: boolean }

/** Sums and merges over all row groups. Columns without a field id are left out; an id used twice is `corrupt`. */
export function footerMetrics(footer: ParquetFooter): FooterMetrics {
  const { metadata, leaves, file, tree } = footer
  const orders = structsOf(tree, 7).map((order) => order.fields[0]?.id)
  const columns = new Map<number, ColumnMetrics>()
  for (const [at, leaf] of leaves.entries()) {
    const { fieldId } = leaf.element
    if (fieldId === undefined) continue
    if (columns.has(fieldId)) throw new MoraineError('corrupt', `${file.name} has two columns with field id ${fieldId}`)
    const chunks = metadata.rowGroups.flatMap((group) => group.columns[at]?.metadata ?? [])
    if (chunks.length < metadata.rowGroups.length) continue
    const order = boundOrder(leaf.type, leaf.element, orders[at])
    columns.set(fieldId, columnMetrics(leaf, chunks, order))
  }
  return {
    rows: metadata.numRows,
    columns,
    splitOffsets: metadata.rowGroups.flatMap((group) => firstByte(group) ?? []),
  }
}

function columnMetrics(
  leaf: SchemaLeaf,
  chunks: readonly ColumnMetadata[],
  order: BoundOrder | undefined,
): ColumnMetrics {
  const nullCount = total(chunks, (chunk) => chunk.statistics?.nullCount)
  const nanCount = total(chunks, (chunk) => chunk.statistics?.nanCount)
  const lower = order === undefined ? undefined : merge(chunks, order, 'lower')
  const upper = order === undefined ? undefined : merge(chunks, order, 'upper')
  const compressedBytes = chunks.reduce((sum, chunk) => sum + chunk.totalCompressedSize, 0)
  const valueCount = chunks.reduce((sum, chunk) => sum + chunk.numValues, 0)
  return dropUndefined<ColumnMetrics>({ leaf, compressedBytes, valueCount, nullCount, nanCount, lower, upper })
}

function total(
  chunks: readonly ColumnMetadata[],
  figure: (chunk: ColumnMetadata) => number | undefined,
): number | undefined {
  let sum = 0
  for (const chunk of chunks) {
    const value = figure(chunk)
    if (value === undefined) return undefined
    sum += value
  }
  return sum
}

// Row groups without values have no say; one with values but without a bound leaves the file without one.
function merge(chunks: readonly ColumnMetadata[], order: BoundOrder, side: 'lower' | 'upper'): Bound | undefined {
  let merged: Bound | undefined
  for (const chunk of chunks) {
    if (chunk.numValues === 0 || chunk.statistics?.nullCount === chunk.numValues) continue
    const bound = chunkBound(chunk, order, side)
    if (bound === undefined) return undefined
    const compared = merged === undefined ? 0 : order.compare(bound.bytes, merged.bytes)
    if (merged === undefined || (side === 'lower' ? compared < 0 : compared > 0)) merged = bound
  }
  return merged === undefined ? undefined : { ...merged, bytes: order.widen(merged.bytes, side) }
}

function chunkBound({ statistics }: ColumnMetadata, order: BoundOrder, side: 'lower' | 'upper'): Bound | undefined {
  if (statistics === undefined) return undefined
  const { minValue, maxValue, isMinValueExact, isMaxValueExact, min, max } = statistics
  const value = side === 'lower' ? minValue : maxValue
  const isExact = (side === 'lower' ? isMinValueExact : isMaxValueExact) ?? false
  // The older fields are ordered as signed, whatever the column.
  const bytes = value ?? (order.isSigned ? (side === 'lower' ? min : max) : undefined)
  return bytes !== undefined && order.isValid(bytes) ? { bytes, isExact } : undefined
}

function firstByte(group: RowGroup): number | undefined {
  const offsets = group.columns.flatMap(({ metadata }) => (metadata === undefined ? [] : chunkRange(metadata).offset))
  return offsets.length === 0 ? undefined : Math.min(...offsets)
}
