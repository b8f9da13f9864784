import { canTransform, formatTransform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import type { SortField, SortOrder } from '@moraine/iceberg/sort/sort-order'
import { transformSql } from '../partition/transform-sql.ts'
import { columnReference } from '../sql/column-reference.ts'

export type Sorting =
  /** The table asks for no order. */
  | { readonly kind: 'none' }
  | { readonly kind: 'sorted'; readonly orderBy: string }
  /** Rows stay in the order they come in, since a sort key cannot be computed. */
  | { readonly kind: 'impossible'; readonly reason: string }

/**
 * The table's sort order as an ORDER BY over the columns of the outputs.
 *
 * @param fields of the outputs, with their SQL names
 */
export function sortingOf(
  order: SortOrder,
  schema: Schema,
  fields: readonly NestedField[],
  names: readonly string[],
): Sorting {
  if (order.fields.length === 0) return { kind: 'none' }
  const terms: string[] = []
  for (const field of order.fields) {
    const key = sortKey(field, schema, fields, names)
    if (key === undefined) {
      return { kind: 'impossible', reason: `rows cannot be sorted by ${describe(field, schema)}` }
    }
    if (field.transform.kind === 'void') continue
    terms.push(
      `${key} ${field.direction === 'asc' ? 'ASC' : 'DESC'} ${field.nullOrder === 'nulls-first' ? 'NULLS FIRST' : 'NULLS LAST'}`,
    )
  }
  return terms.length === 0 ? { kind: 'none' } : { kind: 'sorted', orderBy: terms.join(', ') }
}

function sortKey(
  field: SortField,
  schema: Schema,
  fields: readonly NestedField[],
  names: readonly string[],
): string | undefined {
  const [sourceId] = field.sourceIds
  const source = sourceId === undefined ? undefined : indexSchema(schema).fieldsById.get(sourceId)
  if (source === undefined || source.repeated || !isPrimitive(source.field.type)) return undefined
  const value = columnReference(source, fields, names)
  if (field.transform.kind === 'identity' || field.transform.kind === 'void') return value
  if (field.transform.kind === 'unknown' || !canTransform(field.transform, source.field.type)) return undefined
  return transformSql(field.transform, source.field.type, value)
}

function describe(field: SortField, schema: Schema): string {
  const name =
    indexSchema(schema).fieldsById.get(field.sourceIds[0] ?? -1)?.fullName ?? `field ${field.sourceIds.join(', ')}`
  return `${formatTransform(field.transform)} of ${name}`
}
