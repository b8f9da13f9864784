import type { ContentFile, FileMetrics } from '../manifest/content-file.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import { decodeSingleValue } from '../value/single-value.ts'

/** Type of a primitive field of any schema of the table, by id; `undefined` for fields that cannot be compared. */
export type EqualityBounds = (fieldId: number) => PrimitiveType | undefined

/**
 * Whether an equality delete file can hit a row of a data file, judged by both files' metrics on the equality fields:
 * false only if for some field the ranges are disjoint, or one side is all null and the other has none.
 */
export function mayDeleteRowsOf(deleteFile: ContentFile, dataFile: ContentFile, bounds: EqualityBounds): boolean {
  const deletes = deleteFile.metrics()
  const data = dataFile.metrics()
  for (const id of deleteFile.equalityIds ?? []) {
    if (isAllNull(data, id) && hasNoNull(deletes, id)) return false
    if (isAllNull(deletes, id) && hasNoNull(data, id)) return false
    if (mayHaveNull(data, id) && mayHaveNull(deletes, id)) continue
    const type = bounds(id)
    if (type !== undefined && areDisjoint(deletes, data, id, type)) return false
  }
  return true
}

function areDisjoint(a: FileMetrics, b: FileMetrics, id: number, type: PrimitiveType): boolean {
  return (
    isBelow(a.upperBounds.get(id), b.lowerBounds.get(id), type) ||
    isBelow(b.upperBounds.get(id), a.lowerBounds.get(id), type)
  )
}

function isBelow(upper: Uint8Array | undefined, lower: Uint8Array | undefined, type: PrimitiveType): boolean {
  if (upper === undefined || lower === undefined || (upper.length !== lower.length && isFixedWidth(type))) return false
  return compareLiterals(type, decodeSingleValue(type, upper), decodeSingleValue(type, lower)) < 0
}

// Bounds of different widths were written before and after the column was widened, say from date to timestamp.
function isFixedWidth(type: PrimitiveType): boolean {
  return type.kind !== 'string' && type.kind !== 'binary' && type.kind !== 'decimal'
}

function isAllNull(metrics: FileMetrics, id: number): boolean {
  const nulls = metrics.nullValueCounts.get(id)
  return nulls !== undefined && nulls > 0 && nulls === metrics.valueCounts.get(id)
}

function hasNoNull(metrics: FileMetrics, id: number): boolean {
  return metrics.nullValueCounts.get(id) === 0
}

function mayHaveNull(metrics: FileMetrics, id: number): boolean {
  return metrics.nullValueCounts.get(id) !== 0
}
