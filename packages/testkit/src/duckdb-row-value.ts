import { MoraineError } from '@moraine/stdx/error'
import type { RowValue } from './canonical-row.ts'

/**
 * A value that `@duckdb/node-api` returned, as the canonical form takes it. DuckDB's value classes are known by their
 * fields, so that the testkit does not depend on the native package.
 *
 * @throws {MoraineError} `unsupported` for values of which Iceberg has no type, such as intervals.
 */
export function duckDbRowValue(value: unknown): RowValue {
  if (typeof value === 'object') return value === null ? null : duckDbObject(value)
  if (
    typeof value === 'boolean' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'string'
  ) {
    return value
  }
  throw new MoraineError('unsupported', `DuckDB gave a ${typeof value}`)
}

function duckDbObject(value: object): RowValue {
  if ('months' in value) throw new MoraineError('unsupported', 'DuckDB gave an interval')
  if ('micros' in value && typeof value.micros === 'bigint') return value.micros // time, timestamp, timestamptz
  if ('nanos' in value && typeof value.nanos === 'bigint') return value.nanos
  if ('days' in value && typeof value.days === 'number') return value.days
  if ('scale' in value && 'value' in value && typeof value.value === 'bigint') return value.value
  if ('hugeint' in value) return String(value) // a UUID
  if ('bytes' in value && value.bytes instanceof Uint8Array) return value.bytes
  if ('items' in value && Array.isArray(value.items)) return value.items.map(duckDbRowValue)
  if ('entries' in value && Array.isArray(value.entries)) {
    return value.entries.map((entry: { key: unknown; value: unknown }) => [
      duckDbRowValue(entry.key),
      duckDbRowValue(entry.value),
    ])
  }
  if ('entries' in value && typeof value.entries === 'object' && value.entries !== null) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, duckDbRowValue(item)]))
  }
  throw new MoraineError('unsupported', `DuckDB gave a ${value.constructor.name}`)
}
