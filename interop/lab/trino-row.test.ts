import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonValue } from '@moraine/stdx/exact-json'
import { canonicalTrinoRow, trinoColumn } from './trino-row.ts'

const place = { document: 'answer', kind: 'corrupt' } as const
const column = (name: string, rawType: string, args: readonly JsonValue[] = []) =>
  trinoColumn(
    { name, type: '', typeSignature: { rawType, arguments: args.map((value) => ({ kind: '', value })) } },
    place,
  )
const bigint = { rawType: 'bigint', arguments: [] }

test("rows of Trino's protocol have the same text as those of other engines", () => {
  const columns = [
    column('z', 'bigint'),
    column('a', 'double'),
    column('t', 'timestamp with time zone'),
    column('b', 'varbinary'),
    column('l', 'array', [bigint]),
    column('s', 'row', [
      { fieldName: { name: 'y' }, typeSignature: bigint },
      { fieldName: { name: 'x' }, typeSignature: bigint },
    ]),
    column('n', 'varchar'),
  ]
  const row = [9007199254740993n, 'NaN', '2026-01-01 12:00:00.123456 UTC', 'AP8=', [1, null], [1, 2], null]
  assert.equal(
    canonicalTrinoRow(row, columns),
    '{"a":"NaN","b":"00ff","l":[1,null],"n":null,"s":{"x":2,"y":1},"t":"2026-01-01T12:00:00.123456Z","z":9007199254740993}',
  )
})

test('what cannot be told apart in the protocol is refused', () => {
  assert.throws(
    () => canonicalTrinoRow([{ 1: 'a' }], [column('m', 'map', [bigint, bigint])]),
    /map has no canonical text/,
  )
})
