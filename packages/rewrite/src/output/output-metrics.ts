import type { FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import { annotationOf } from '@moraine/parquet/footer/schema-tree'
import { type Bound, type ColumnMetrics, footerMetrics } from '@moraine/parquet/metrics/footer-metrics'
import { icebergBound } from '@moraine/parquet/metrics/iceberg-bound'
import { shortBytesBound, shortTextBound } from './short-bound.ts'

export type OutputMetrics = { readonly splitOffsets: readonly number[]; readonly metrics: FileMetrics }

/**
 * What a manifest entry says about a new file's columns, by its footer. There are no bounds for elements of lists and
 * maps, nor where the footer has none.
 *
 * @param writer `duckdb`: a floating-point column with bounds has no NaN, since DuckDB leaves them out if it has one
 */
export function outputMetrics(footer: ParquetFooter, writer: 'duckdb' | 'other'): OutputMetrics {
  const { columns, splitOffsets } = footerMetrics(footer)
  const metrics = {
    columnSizes: new Map<number, number>(),
    valueCounts: new Map<number, number>(),
    nullValueCounts: new Map<number, number>(),
    nanValueCounts: new Map<number, number>(),
    lowerBounds: new Map<number, Uint8Array>(),
    upperBounds: new Map<number, Uint8Array>(),
  }
  for (const [id, column] of columns) {
    metrics.columnSizes.set(id, column.compressedBytes)
    metrics.valueCounts.set(id, column.valueCount)
    setKnown(metrics.nullValueCounts, id, column.nullCount)
    setKnown(metrics.nanValueCounts, id, nanCount(column, writer))
    if (column.leaf.maxRepetitionLevel > 0) continue
    setKnown(metrics.lowerBounds, id, shortBound(column, column.lower, 'lower'))
    setKnown(metrics.upperBounds, id, shortBound(column, column.upper, 'upper'))
  }
  return { splitOffsets, metrics }
}

function setKnown<T>(map: Map<number, T>, id: number, value: T | undefined): void {
  if (value !== undefined) map.set(id, value)
}

function nanCount(column: ColumnMetrics, writer: 'duckdb' | 'other'): number | undefined {
  if (column.leaf.type !== 'FLOAT' && column.leaf.type !== 'DOUBLE') return undefined
  if (column.nanCount !== undefined) return column.nanCount
  if (column.nullCount === column.valueCount) return 0
  return writer === 'duckdb' && column.lower !== undefined && column.upper !== undefined ? 0 : undefined
}

function shortBound(
  { leaf }: ColumnMetrics,
  bound: Bound | undefined,
  side: 'lower' | 'upper',
): Uint8Array | undefined {
  if (bound === undefined) return undefined
  const annotation = annotationOf(leaf.element)
  const value = icebergBound(leaf.type, annotation, bound.bytes)
  if (value === undefined || leaf.type !== 'BYTE_ARRAY' || annotation?.kind === 'decimal') return value
  return annotation === undefined ? shortBytesBound(value, side) : shortTextBound(value, side)
}
