import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { isKind } from '@moraine/stdx/error'
import { canonicalRow } from './canonical-row.ts'
import { duckDbRowValue } from './duckdb-row-value.ts'

const struct: IcebergType = { kind: 'struct', fields: [field('x', { kind: 'int' }), field('y', { kind: 'string' })] }

/** Expression, type, canonical value. */
const VALUES: readonly (readonly [string, IcebergType, string])[] = [
  ['true', { kind: 'boolean' }, 'true'],
  ['42::INTEGER', { kind: 'int' }, '42'],
  ['9223372036854775807', { kind: 'long' }, '9223372036854775807'],
  ['0.1::FLOAT', { kind: 'float' }, '"0.1"'],
  ["'-0.0'::DOUBLE", { kind: 'double' }, '"-0"'],
  ['-12.30::DECIMAL(9,2)', { kind: 'decimal', precision: 9, scale: 2 }, '"-12.30"'],
  ["DATE '1969-12-31'", { kind: 'date' }, '"1969-12-31"'],
  ["TIME '23:59:59.999999'", { kind: 'time' }, '"23:59:59.999999"'],
  ["TIMESTAMP '2026-01-01 00:00:00.5'", { kind: 'timestamp' }, '"2026-01-01T00:00:00.500000"'],
  ["TIMESTAMPTZ '2026-01-01 01:00:00+01'", { kind: 'timestamptz' }, '"2026-01-01T00:00:00.000000Z"'],
  ["'2026-01-01 00:00:00.000000001'::TIMESTAMP_NS", { kind: 'timestamp_ns' }, '"2026-01-01T00:00:00.000000001"'],
  ["'F79C3E09-677c-4bbd-a479-3f349cb785e7'::UUID", { kind: 'uuid' }, '"f79c3e09-677c-4bbd-a479-3f349cb785e7"'],
  ["'\\x00\\xFF'::BLOB", { kind: 'binary' }, '"00ff"'],
  ["'é'", { kind: 'string' }, '"é"'],
  ['NULL', { kind: 'string' }, 'null'],
  ['[1, NULL]', { kind: 'list', elementId: 1, elementRequired: false, element: { kind: 'int' } }, '[1,null]'],
  ["{'x': 1, 'y': NULL}", struct, '{"x":1,"y":null}'],
  [
    "MAP {'b': {'x': 1, 'y': 'z'}, 'a': NULL}",
    { kind: 'map', keyId: 1, key: { kind: 'string' }, valueId: 2, valueRequired: false, value: struct },
    '[["a",null],["b",{"x":1,"y":"z"}]]',
  ],
]

function field(name: string, type: IcebergType): NestedField {
  return { id: 1, name, required: false, type }
}

test('every value of DuckDB takes its canonical form', async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  const list = VALUES.map(([expression], at) => `${expression} AS c${at}`).join(', ')
  const [row = []] = (await connection.runAndReadAll(`SELECT ${list}`)).getRows()
  VALUES.forEach(([expression, type, expected], at) => {
    const value = duckDbRowValue(row[at])
    assert.equal(canonicalRow({ c: value }, [field('c', type)]), `{"c":${expected}}`, expression)
  })
  const [[interval] = []] = (await connection.runAndReadAll('SELECT INTERVAL 1 DAY')).getRows()
  assert.throws(
    () => duckDbRowValue(interval),
    (error) => isKind(error, 'unsupported'),
  )
  connection.closeSync()
})
