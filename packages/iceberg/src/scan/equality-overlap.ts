import { decodeBounds } from '../expression/column-facts.ts'
import type { ContentFile, FileMetrics } from '../manifest/content-file.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'

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
    if (type !== undefined && areDisjoint(boundsOf(deletes, id, type), boundsOf(data, id, type), type)) return false
  }
  return true
}

type Bounds = ReturnType<typeof decodeBounds>

function boundsOf(metrics: FileMetrics, id: number, type: PrimitiveType): Bounds {
  return decodeBounds(type, { lower: metrics.lowerBounds.get(id), upper: metrics.upperBounds.get(id) })
}

function areDisjoint(a: Bounds, b: Bounds, type: PrimitiveType): boolean {
  return isBelow(a.upper, b.lower, type) || isBelow(b.upper, a.lower, type)
}

function isBelow(upper: Literal | undefined, lower: Literal | undefined, type: PrimitiveType): boolean {
  return upper !== undefined && lower !== undefined && compareLiterals(type, upper, lower) < 0
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
