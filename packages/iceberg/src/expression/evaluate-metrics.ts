import type { FileMetrics } from '../manifest/content-file.ts'
import { type ColumnFacts, decodeBounds } from './column-facts.ts'
import { isFloating } from './compare-values.ts'
import { type BoundColumn, type BoundExpression, holds } from './expression.ts'
import { mayMatch } from './may-match.ts'
import { mustMatch } from './must-match.ts'

/** What a manifest entry says of a file's rows. */
export type MeasuredFile = { readonly recordCount: number; readonly metrics: () => FileMetrics }

/** Whether the file may hold a row that satisfies the expression; false only if that is certain (inclusive). */
export function mayMatchFile(expression: BoundExpression, file: MeasuredFile): boolean {
  if (file.recordCount === 0) return false
  return holds(expression, (predicate) => mayMatch(predicate, columnFacts(predicate.ref, file.metrics())))
}

/** Whether every row of the file satisfies the expression; true only if that is certain (strict). */
export function mustMatchFile(expression: BoundExpression, file: MeasuredFile): boolean {
  if (file.recordCount === 0) return true
  return holds(expression, (predicate) => mustMatch(predicate, columnFacts(predicate.ref, file.metrics())))
}

// A column without figures may be anything: the writer may have kept none, or the column be newer than the file.
function columnFacts({ fieldId, type }: BoundColumn, metrics: FileMetrics): ColumnFacts {
  const values = metrics.valueCounts.get(fieldId)
  const nulls = metrics.nullValueCounts.get(fieldId)
  const nans = isFloating(type) ? metrics.nanValueCounts.get(fieldId) : 0
  const isNull = values !== undefined && nulls === values
  const isNullOrNan = values !== undefined && nulls !== undefined && nans !== undefined && nulls + nans === values
  return {
    type,
    mayBeNull: nulls !== 0,
    mayBeNan: nans !== 0 && !isNull,
    mayBeValue: !isNull,
    mayBeOrdered: !isNull && !isNullOrNan,
    ...decodeBounds(type, { lower: metrics.lowerBounds.get(fieldId), upper: metrics.upperBounds.get(fieldId) }),
  }
}
