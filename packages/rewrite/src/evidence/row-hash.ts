import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'

/** The sum of the hashes of a multiset of rows, and how many rows it has. */
export type RowHash = { readonly rows: number; readonly hash: string }

/**
 * Aggregates that hash each row and add the hashes up: equal for equal multisets of rows, in whatever order.
 *
 * A row has two 64-bit hashes, made with different salts over its columns in opposite orders, and each is summed modulo
 * 2^64. Sums, unlike XOR, also see rows that occur twice. What an undetected fault would need: rows lost, added or
 * doubled pass with probability about 2^-128; a row whose only change is one long value passes if DuckDB's 64-bit hash of
 * the two values is equal, about 2^-64. The hash is no defence against somebody who makes collisions on purpose.
 *
 * DuckDB's own `hash` takes null, the empty list and a list of one null for the same, and 0 for -0. So nested values are
 * hashed through their sort key, which tells them apart, and floating-point numbers together with their sign.
 *
 * @param names the SQL names of the fields
 * @param only a condition on the rows that count
 */
export function rowHashAggregates(fields: readonly NestedField[], names: readonly string[], only?: string): string {
  const parts = fields.flatMap((field, at) => hashParts(sqlName(must(names[at], 'a name')), field.type))
  const filter = only === undefined ? '' : ` FILTER (WHERE ${only})`
  return [
    `count(*)${filter} AS ${ROWS}`,
    `CAST(sum(hash(${[FIRST_SALT, ...parts].join(', ')}))${filter} AS VARCHAR) AS ${FIRST}`,
    `CAST(sum(hash(${[SECOND_SALT, ...parts.toReversed()].join(', ')}))${filter} AS VARCHAR) AS ${SECOND}`,
  ].join(', ')
}

/** Reads the one row of a statement that selects {@link rowHashAggregates}. */
export function readRowHash(row: Readonly<Record<string, unknown>>): RowHash {
  const word = (sum: unknown) =>
    BigInt.asUintN(64, BigInt(typeof sum === 'string' ? sum : 0))
      .toString(16)
      .padStart(16, '0')
  return { rows: Number(row[ROWS]), hash: `${word(row[FIRST])}${word(row[SECOND])}` }
}

const ROWS = 'row_count'
const FIRST = 'first_sum'
const SECOND = 'second_sum'
const FIRST_SALT = '8191'
const SECOND_SALT = '131071'

// Arguments of `hash` for one column.
function hashParts(value: string, type: IcebergType): readonly string[] {
  if (isPrimitive(type)) return isFloat(type) ? [value, `signbit(${value})`] : [value]
  return [`create_sort_key(${withSigns(value, type, 0)}, 'ASC NULLS LAST')`]
}

// The value with each floating-point number inside replaced by the pair of it and its sign.
function withSigns(value: string, type: IcebergType, depth: number): string {
  if (!holdsFloat(type)) return value
  if (isPrimitive(type))
    return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(v := ${value}, s := signbit(${value})) END`
  const item = `h${depth}`
  switch (type.kind) {
    case 'struct': {
      const names = addressableNames(type.fields, 'nested').map(sqlName)
      const members = type.fields.map(
        (field, at) => `${names[at]} := ${withSigns(`${value}.${names[at]}`, field.type, depth)}`,
      )
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${members.join(', ')}) END`
    }
    case 'list':
      return `list_transform(${value}, lambda ${item}: ${withSigns(item, type.element, depth + 1)})`
    case 'map': {
      const key = withSigns(`${item}.key`, type.key, depth + 1)
      const entry = `struct_pack(k := ${key}, v := ${withSigns(`${item}.value`, type.value, depth + 1)})`
      return `list_transform(map_entries(${value}), lambda ${item}: ${entry})`
    }
  }
}

function holdsFloat(type: IcebergType): boolean {
  return isFloat(type) || childFields(type).some((field) => holdsFloat(field.type))
}

function isFloat(type: IcebergType): boolean {
  return type.kind === 'float' || type.kind === 'double'
}
