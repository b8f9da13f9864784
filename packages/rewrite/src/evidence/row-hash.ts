import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'

/** The sum of the hashes of a multiset of rows, and how many rows it has. */
export type RowHash = { readonly rows: number; readonly hash: string }

/**
 * Aggregates that hash each row to 64 bits over all of its columns and add the hashes up: equal for equal multisets of
 * rows, in whatever order. The sum is exact, in 128 bits, and unlike XOR it also sees rows that occur twice.
 *
 * A fault passes only if the hashes of the rows that it took away and of those that it brought in have the same sum: about
 * once in 2^64 for one changed row, whatever changed in it. A second hash would cost a quarter of the time for a
 * probability that is nil already. It is no defence against somebody who makes collisions on purpose.
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
  // Salted: DuckDB's hash of the integer 0 is 0.
  const sum = `sum(hash(${[SALT, ...parts].join(', ')}))${filter}`
  return `count(*)${filter} AS ${ROWS}, CAST(${sum} AS VARCHAR) AS ${SUM}`
}

/** Reads the one row of a statement that selects {@link rowHashAggregates}. */
export function readRowHash(row: Readonly<Record<string, unknown>>): RowHash {
  const sum = BigInt(typeof row[SUM] === 'string' ? row[SUM] : 0)
  return { rows: Number(row[ROWS]), hash: BigInt.asUintN(128, sum).toString(16).padStart(32, '0') }
}

const ROWS = 'row_count'
const SUM = 'hash_sum'
const SALT = '8191'

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
