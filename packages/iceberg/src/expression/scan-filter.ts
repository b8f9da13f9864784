import type { PartitionField, PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import { isSameTransform, type Transform, transformResultType } from '../partition/transform.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import {
  type BoundColumn,
  type BoundExpression,
  type BoundPredicate,
  type Expression,
  FALSE,
  mapPredicates,
  type PartitionColumn,
  type PartitionExpression,
  type PartitionPredicate,
  type Predicate,
  TRUE,
} from './expression.ts'
import { matchesValue } from './matches-value.ts'
import { mayHoldMatches } from './project-filter.ts'
import { residualOf } from './residual.ts'

/** What a predicate of a scan looks at: a column, or what a partition transform makes of it. `type` is that of the result. */
export type ScanTerm = {
  readonly column: BoundColumn
  readonly transform?: Transform
  readonly type: PrimitiveType
}

/** The filter of a scan. It differs from a `BoundExpression` in that it may compare transformed columns. */
export type ScanFilter = Expression<ScanTerm, Literal>
export type ScanPredicate = Predicate<ScanTerm, Literal>

/** The filter as far as it is about columns themselves; each predicate on a transformed column counts as `other`. */
export function columnFilter(filter: ScanFilter, other: typeof TRUE | typeof FALSE): BoundExpression {
  return mapPredicates(filter, (predicate) => columnPredicate(predicate) ?? other)
}

/** What a partition satisfies if it may hold rows that satisfy the filter; compare `mayHoldMatches`. */
export function scanPartitionFilter(filter: ScanFilter, spec: PartitionSpec): PartitionExpression {
  return mapPredicates<ScanTerm, Literal, PartitionColumn, Literal>(filter, (predicate) => {
    const onColumn = columnPredicate(predicate)
    return onColumn === undefined ? (throughPartition(predicate, spec) ?? TRUE) : mayHoldMatches(onColumn, spec)
  })
}

/** The filter without what the values of one partition already decide; compare `residualOf`. */
export function scanResidual(filter: ScanFilter, spec: PartitionSpec, partition: PartitionTuple): ScanFilter {
  return mapPredicates<ScanTerm, Literal, ScanTerm, Literal>(filter, (predicate) => {
    const onColumn = columnPredicate(predicate)
    if (onColumn === undefined) {
      const decided = throughPartition(predicate, spec)
      if (decided === undefined) return predicate
      return matchesValue(decided, partition[decided.ref.position] ?? null) ? TRUE : FALSE
    }
    const { op } = residualOf(onColumn, spec, partition)
    return op === 'true' ? TRUE : op === 'false' ? FALSE : predicate
  })
}

function columnPredicate(predicate: ScanPredicate): BoundPredicate | undefined {
  const { column, transform } = predicate.ref
  return transform === undefined ? { ...predicate, ref: column } : undefined
}

/** A predicate on a transformed column as one on the partition field that holds exactly its values, if there is one. */
function throughPartition(predicate: ScanPredicate, spec: PartitionSpec): PartitionPredicate | undefined {
  const { column, transform } = predicate.ref
  if (transform === undefined || mayBeStoredOtherwise(predicate, transform)) return undefined
  const position = spec.fields.findIndex((field) => isOf(field, column) && isSameTransform(field.transform, transform))
  const field = spec.fields[position]
  if (field === undefined) return undefined
  const ref = { position, name: field.name, type: transformResultType(field.transform, column.type) }
  return { ...predicate, ref }
}

function isOf({ sourceIds }: PartitionField, { fieldId }: BoundColumn): boolean {
  return sourceIds.length === 1 && sourceIds[0] === fieldId
}

// Former writers stored parts of time before 1970 as one too high (see `projectInclusive`): what is stored for a value
// up to 0 says nothing exact of it.
function mayBeStoredOtherwise(predicate: ScanPredicate, { kind }: Transform): boolean {
  if (kind !== 'year' && kind !== 'month' && kind !== 'day' && kind !== 'hour') return false
  const values = 'values' in predicate ? predicate.values : 'value' in predicate ? [predicate.value] : []
  return values.some((value) => typeof value !== 'number' || value <= 0)
}
