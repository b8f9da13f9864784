import type { PartitionField, PartitionSpec } from '../partition/partition-spec.ts'
import { canTransform, transformResultType } from '../partition/transform.ts'
import {
  allOf,
  anyOf,
  type BoundExpression,
  type BoundPredicate,
  FALSE,
  mapPredicates,
  type PartitionColumn,
  type PartitionExpression,
  TRUE,
} from './expression.ts'
import { projectInclusive } from './project-inclusive.ts'
import { projectStrict } from './project-strict.ts'

/**
 * The condition that a partition satisfies if it may hold a row that satisfies the filter (table spec, "Scan Planning",
 * inclusive projection). A file whose partition does not can be left out.
 */
export function mayHoldMatches(filter: BoundExpression, spec: PartitionSpec): PartitionExpression {
  return mapPredicates(filter, (predicate) =>
    allOf(
      fieldsOf(spec, predicate).map(({ field, column }) =>
        canTransform(field.transform, predicate.ref.type) ? projectInclusive(predicate, field.transform, column) : TRUE,
      ),
    ),
  )
}

/** The condition that a partition satisfies only if all its rows satisfy the filter (strict projection). */
export function holdsOnlyMatches(filter: BoundExpression, spec: PartitionSpec): PartitionExpression {
  return mapPredicates(filter, (predicate) =>
    anyOf(
      fieldsOf(spec, predicate).map(({ field, column }) =>
        canTransform(field.transform, predicate.ref.type) ? projectStrict(predicate, field.transform, column) : FALSE,
      ),
    ),
  )
}

type SpecField = { readonly field: PartitionField; readonly column: PartitionColumn }

function fieldsOf(spec: PartitionSpec, { ref }: BoundPredicate): readonly SpecField[] {
  return spec.fields.flatMap((field, position) => {
    const [sourceId, ...more] = field.sourceIds
    if (sourceId !== ref.fieldId || more.length > 0) return []
    const type = transformResultType(field.transform, ref.type)
    return [{ field, column: { position, name: field.name, type } }]
  })
}
