import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseTransform } from '@moraine/iceberg/partition/transform'
import { transformFunction } from '@moraine/iceberg/partition/transform-function'
import type { PrimitiveType, SimpleKind } from '@moraine/iceberg/schema/type'
import type { SortField } from '@moraine/iceberg/sort/sort-order'
import { compareLiterals } from '@moraine/iceberg/value/compare'
import type { Literal } from '@moraine/iceberg/value/literal'
import { dataInput, fieldsOf, openLab, outputRows, type RewriteLab, schemaOf, taskOf } from '../testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const by = (id: number, transform: string, more: Partial<SortField> = {}): SortField => ({
  sourceIds: [id],
  transform: parseTransform(transform),
  direction: 'asc',
  nullOrder: 'nulls-first',
  ...more,
})

test('rows are sorted by several fields, directions and null orders, and the files say by which order', async () => {
  const path = await lab.writeSql(
    'sort.parquet',
    'SELECT (hash(i) % 5)::INT AS a, CASE WHEN i % 7 = 0 THEN NULL ELSE (hash(i, 1) % 100)::DOUBLE END AS b, {x: i} AS s FROM range(5000) r(i)',
    'FIELD_IDS {a: 1, b: 2, s: {__duckdb_field_id: 3, x: 4}}',
  )
  const schema = schemaOf(
    [1, 'a', 'int'],
    [2, 'b', 'double'],
    [3, 's', { kind: 'struct', fields: fieldsOf([4, 'x', 'long']) }],
  )
  const sortOrder = {
    orderId: 3,
    fields: [
      by(1, 'identity', { direction: 'desc' }),
      by(2, 'identity', { nullOrder: 'nulls-last' }),
      by(4, 'identity', { direction: 'desc' }),
    ],
  }
  const input = dataInput(path)
  const task = taskOf(lab, { schema, sortOrder }, { inputs: [input], targetSizeBytes: input.fileSizeBytes / 2 })
  const result = await lab.run(task)
  assert.deepEqual(
    result.dataFiles.map((file) => file.sortOrderId),
    [3, 3],
  )
  const rows = (await outputRows(result)).map((row) => ({
    a: Number(row['a']),
    b: row['b'] as number | null,
    x: Number((row['s'] as { x: bigint }).x),
  }))
  const sorted = rows.toSorted((p, q) => q.a - p.a || nullsLast(p.b, q.b) || q.x - p.x)
  assert.equal(rows.length, 5000)
  assert.deepEqual(rows, sorted)
})

function nullsLast(p: number | null | undefined, q: number | null | undefined): number {
  if (p == null || q == null) return Number(p == null) - Number(q == null)
  return p - q
}

const TRANSFORMED: readonly (readonly [string, SimpleKind, string])[] = [
  ['truncate[10]', 'int', '(hash(i) % 2000)::INT - 1000'],
  [
    'truncate[1000]',
    'long',
    'CASE i WHEN 0 THEN -9223372036854775000 WHEN 1 THEN 9223372036854775807 ELSE (hash(i) % 100000)::BIGINT - 50000 END',
  ],
  ['truncate[2]', 'string', "['a', 'ab', 'abc', 'üüx', 'üü', '', '😀😀😀', '😀a'][(hash(i) % 8 + 1)::BIGINT]"],
  ['year', 'date', "DATE '1960-01-01' + (hash(i) % 20000)::INT"],
  ['month', 'timestamp', "TIMESTAMP '1969-06-01' + to_hours((hash(i) % 20000)::INT)"],
  ['day', 'timestamptz', "TIMESTAMPTZ '1969-12-01 00:00:00+00' + to_hours((hash(i) % 2000)::INT)"],
  ['hour', 'timestamp', "TIMESTAMP '1969-12-31' + to_minutes((hash(i) % 5000)::INT)"],
  ['bucket[16]', 'string', 'md5((i % 100)::VARCHAR)'],
]

for (const [transform, kind, sql] of TRANSFORMED) {
  test(`sorts by ${transform} of ${kind} as the transform orders, keeping the order of equal rows' keys`, async () => {
    const path = await lab.writeSql(
      `sort-${kind}-${transform.slice(0, 4)}.parquet`,
      `SELECT ${sql} AS v, i AS id FROM range(500) r(i)`,
      'FIELD_IDS {v: 1, id: 2}',
    )
    const schema = schemaOf([1, 'v', kind], [2, 'id', 'long'])
    const sortOrder = { orderId: 1, fields: [by(1, transform), by(2, 'identity')] }
    const result = await lab.run(taskOf(lab, { schema, sortOrder }, { inputs: [dataInput(path)] }))
    const type: PrimitiveType = { kind }
    const apply = transformFunction(parseTransform(transform), type)
    const rows = await outputRows(result)
    assert.equal(rows.length, 500)
    const keys = rows.map((row) => [apply(row['v'] as Literal) ?? 0, row['id'] as bigint] as const)
    for (const [at, [key, id]] of keys.entries()) {
      const [before, beforeId] = keys[at - 1] ?? [key, -1n]
      const order =
        typeof key === 'string' ? compareLiterals(type, before, key) : before < key ? -1 : before > key ? 1 : 0
      assert.ok(
        order < 0 || (order === 0 && beforeId < id),
        `row ${at}: ${String(before)} ${beforeId}, ${String(key)} ${id}`,
      )
    }
  })
}

test('a sort field that cannot be computed leaves the rows unsorted, and the result says so', async () => {
  const path = await lab.writeSql('unknown.parquet', 'SELECT (9 - i)::INT AS v FROM range(10) r(i)', 'FIELD_IDS {v: 1}')
  const sortOrder = { orderId: 2, fields: [by(1, 'zorder')] }
  const result = await lab.run(
    taskOf(lab, { schema: schemaOf([1, 'v', 'int']), sortOrder }, { inputs: [dataInput(path)] }),
  )
  assert.match(result.method.reason, /rows cannot be sorted by zorder of v/)
  assert.equal(result.dataFiles[0]?.sortOrderId, 0)
})
