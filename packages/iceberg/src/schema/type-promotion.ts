import type { Transform } from '../partition/transform.ts'
import { isSameType } from './schema-equality.ts'
import type { PrimitiveType } from './type.ts'

/** Whether a column of type `from` may become one of type `to` (table spec, "Schema Evolution"). Equal types may. */
export function canPromote(from: PrimitiveType, to: PrimitiveType, formatVersion: number): boolean {
  if (isSameType(from, to)) return true
  switch (from.kind) {
    case 'int':
      return to.kind === 'long'
    case 'float':
      return to.kind === 'double'
    case 'decimal':
      return to.kind === 'decimal' && to.scale === from.scale && to.precision >= from.precision
    case 'date':
      return formatVersion >= 3 && (to.kind === 'timestamp' || to.kind === 'timestamp_ns')
    case 'unknown':
      return formatVersion >= 3
    case 'boolean':
    case 'long':
    case 'double':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
    case 'string':
    case 'uuid':
    case 'binary':
    case 'variant':
    case 'fixed':
    case 'geometry':
    case 'geography':
      return false
  }
}

/**
 * Whether a partition field keeps its values when its source column is promoted; where it does not, the promotion is
 * not allowed. Only a date that becomes a timestamp changes values, and not those of its calendar parts.
 */
export function promotionKeepsPartition(transform: Transform, from: PrimitiveType, to: PrimitiveType): boolean {
  if (from.kind !== 'date' || to.kind === 'date') return true
  const { kind } = transform
  return kind === 'year' || kind === 'month' || kind === 'day' || kind === 'void'
}
