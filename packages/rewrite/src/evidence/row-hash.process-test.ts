import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { NestedField } from '@moraine/iceberg/schema/type'
import { systemClock } from '@moraine/stdx/clock'
import { DuckDbPool } from '../duckdb/duckdb-pool.ts'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'
import { sqlType } from '../sql/sql-type.ts'
import { fieldsOf } from '../testing/rewrite-lab.ts'
import { readRowHash, rowHashAggregates } from './row-hash.ts'

let root = ''
let pool: DuckDbPool
let tasks = 0
before(() => {
  root = mkdtempSync(join(tmpdir(), 'moraine-hash-'))
  pool = new DuckDbPool({ clock: systemClock, size: 1, tasksPerChild: 100 })
})
after(async () => {
  await pool.close()
  rmSync(root, { recursive: true, force: true })
})

/** Hashes rows given as SQL values, in the order of the fields. */
async function hashOf(fields: readonly NestedField[], rows: readonly string[]): Promise<string> {
  tasks += 1
  const names = addressableNames(fields, 'top')
  const casts = fields.map((field, at) => `CAST(v${at} AS ${sqlType(field.type)}) AS ${sqlName(names[at] ?? '')}`)
  const values = rows.map((row) => `(${row})`).join(', ')
  const source = `SELECT ${casts.join(', ')} FROM (VALUES ${values}) t(${fields.map((_, at) => `v${at}`).join(', ')})`
  const { value } = await pool.withSession(
    join(root, `task-${tasks}`),
    (session) => session.query(`SELECT ${rowHashAggregates(fields, names)} FROM (${source})`),
    new AbortController().signal,
  )
  return readRowHash(value[0] ?? {}).hash
}

const LIST = fieldsOf([1, 'l', { kind: 'list', elementId: 2, elementRequired: false, element: { kind: 'double' } }])
const STRUCT = fieldsOf([1, 's', { kind: 'struct', fields: fieldsOf([2, 'a', 'int'], [3, 'A', 'float']) }])
const MAP = fieldsOf([
  1,
  'm',
  { kind: 'map', keyId: 2, key: { kind: 'string' }, valueId: 3, valueRequired: false, value: { kind: 'double' } },
])
const TWO = fieldsOf([1, 'a', 'string'], [2, 'b', 'string'])
const DOUBLE = fieldsOf([1, 'x', 'double'])

const different: readonly (readonly [string, readonly NestedField[], readonly string[], readonly string[]])[] = [
  ['an empty list and null', LIST, ['[]'], ['NULL']],
  ['a list of one null and null', LIST, ['[NULL]'], ['NULL']],
  ['a list of one null and an empty list', LIST, ['[NULL]'], ['[]']],
  ['a list in another order', LIST, ['[1, 2]'], ['[2, 1]']],
  ['-0 and 0', DOUBLE, ["'-0.0'"], ['0.0']],
  ['NaN and null', DOUBLE, ["'nan'"], ['NULL']],
  ['-0 and 0 in a list', LIST, ["['-0.0'::DOUBLE]"], ['[0.0]']],
  ['a null struct and a struct of nulls', STRUCT, ['NULL'], ['{c2: NULL, c3: NULL}']],
  ['-0 and 0 in a struct', STRUCT, ["{c2: 1, c3: '-0.0'::FLOAT}"], ['{c2: 1, c3: 0.0}']],
  ['an empty map and null', MAP, ['MAP {}'], ['NULL']],
  ['a null and no entry in a map', MAP, ["MAP {'k': NULL}"], ['MAP {}']],
  ['-0 and 0 in a map', MAP, ["MAP {'k': '-0.0'::DOUBLE}"], ["MAP {'k': 0.0}"]],
  ['empty text and null', TWO, ["'', 'x'"], ["NULL, 'x'"]],
  ['values that changed columns', TWO, ["'x', 'y'"], ["'y', 'x'"]],
  ['text that moved across columns', TWO, ["'ab', 'c'"], ["'a', 'bc'"]],
  ['a row twice and no row', TWO, ["'x', 'y'", "'x', 'y'", "'a', 'b'"], ["'a', 'b'"]],
  ['values swapped between rows', TWO, ["'a', '1'", "'b', '2'"], ["'a', '2'", "'b', '1'"]],
]

for (const [what, fields, one, other] of different) {
  test(`tells apart ${what}`, async () => {
    assert.notEqual(await hashOf(fields, one), await hashOf(fields, other))
  })
}

test('does not depend on the order of rows, and is the same again', async () => {
  const rows = ["'a', '1'", "'b', '2'", "NULL, '3'"]
  const hash = await hashOf(TWO, rows)
  assert.equal(await hashOf(TWO, rows.toReversed()), hash)
  assert.match(hash, /^[0-9a-f]{32}$/)
})

test('no rows have a hash, too', () => {
  assert.deepEqual(readRowHash({ row_count: 0n, hash_sum: null }), { rows: 0, hash: '0'.repeat(32) })
})
