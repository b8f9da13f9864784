import { formatTransform, type Transform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { childFields, type IndexedField, indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import type { SortField, SortOrder } from '@moraine/iceberg/sort/sort-order'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'

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
  return transformSql(field.transform, reference(source, fields, names), source.field.type)
}

/** An expression that orders values as the transform's results are ordered. */
function transformSql(transform: Transform, value: string, type: PrimitiveType): string | undefined {
  switch (transform.kind) {
    case 'identity':
    case 'void':
      return value
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
      return `date_trunc('${transform.kind}', ${type.kind === 'timestamptz_ns' ? `make_timestamp_ns(${value})` : value})`
    case 'truncate':
      return truncateSql(value, transform.width, type)
    case 'bucket':
    case 'unknown':
      return undefined
  }
}

function truncateSql(value: string, width: number, type: PrimitiveType): string | undefined {
  if (type.kind === 'string') return `left(${value}, ${width})`
  if (type.kind === 'binary') return `${value}[1:${width}]`
  if (type.kind !== 'int' && type.kind !== 'long') return undefined
  // Rounded down, as the transform is; DuckDB's division rounds towards zero.
  return `CASE WHEN ${value} >= 0 THEN ${value} // ${width} ELSE -(-(${value} + 1) // ${width}) - 1 END`
}

function reference(source: IndexedField, fields: readonly NestedField[], names: readonly string[]): string {
  if (source.parent === undefined)
    return sqlName(names[fields.findIndex((field) => field.id === source.field.id)] ?? '')
  const siblings = childFields(source.parent.field.type)
  const name = addressableNames(siblings, 'nested')[siblings.findIndex((field) => field.id === source.field.id)] ?? ''
  return `${reference(source.parent, fields, names)}.${sqlName(name)}`
}

function describe(field: SortField, schema: Schema): string {
  const name =
    indexSchema(schema).fieldsById.get(field.sourceIds[0] ?? -1)?.fullName ?? `field ${field.sourceIds.join(', ')}`
  return `${formatTransform(field.transform)} of ${name}`
}
