import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import type { SchemaElement } from 'hyparquet'
import { deletionVectors } from './testing/delete-files.ts'
import {
  dataInput,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedSchema,
  taskOf,
} from './testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'int'])
const V3 = { schema: SCHEMA, formatVersion: 3 } as const
const ID: SchemaElement = { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 }
const LINEAGE: readonly SchemaElement[] = [
  { name: '_row_id', type: 'INT64', repetition_type: 'OPTIONAL', field_id: 2147483540 },
  { name: '_last_updated_sequence_number', type: 'INT64', repetition_type: 'OPTIONAL', field_id: 2147483539 },
]

const plainFile = (name: string, rows: number[]) =>
  lab.writeFile(name, [{ name: 'table', num_children: 1 }, ID], { id: rows }, { rowGroupSize: 2 })

const storedFile = (name: string, rows: readonly (readonly [number, bigint | null, bigint | null])[]) =>
  lab.writeFile(name, [{ name: 'table', num_children: 3 }, ID, ...LINEAGE], {
    id: rows.map(([id]) => id),
    _row_id: rows.map(([, rowId]) => rowId),
    _last_updated_sequence_number: rows.map(([, , sequence]) => sequence),
  })

const lineageOf = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) => [row['id'], row['_row_id'] ?? null, row['_last_updated_sequence_number'] ?? null])

test('every row keeps its id and last update through a rewrite with deletes', async () => {
  const inherited = plainFile('inherited.parquet', [1, 2, 3, 4])
  const stored = storedFile('stored.parquet', [
    [5, 77n, 2n],
    [6, null, 2n],
    [7, 79n, null],
    [8, null, null],
  ])
  const deletes = deletionVectors(lab, 'lineage.puffin', [
    [inherited, [1]],
    [stored, [0]],
  ])
  const task = taskOf(lab, V3, {
    inputs: [
      dataInput(inherited, { firstRowId: 2n ** 53n + 1n, dataSequenceNumber: 3, deletes: [0] }),
      dataInput(stored, { firstRowId: 5000n, dataSequenceNumber: 6, deletes: [1] }),
    ],
    deletes,
  })
  const result = await lab.run(task)
  assert.deepEqual(lineageOf(await outputRows(result)), [
    [1, 2n ** 53n + 1n, 3n],
    [3, 2n ** 53n + 3n, 3n],
    [4, 2n ** 53n + 4n, 3n],
    [6, 5001n, 2n],
    [7, 79n, 6n],
    [8, 5003n, 6n],
  ])
  assert.deepEqual(
    storedSchema(result.dataFiles[0]?.filePath ?? '').map(({ name, field_id }) => [name, field_id]),
    [
      ['id', 1],
      ['_row_id', 2147483540],
      ['_last_updated_sequence_number', 2147483539],
    ],
  )
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
})

test('every row keeps its id and last update through a concat, and through a rewrite of what was concatenated', async () => {
  const a = plainFile('ca.parquet', [1, 2, 3])
  const b = plainFile('cb.parquet', [4, 5])
  const task = taskOf(lab, V3, {
    inputs: [
      dataInput(a, { firstRowId: 100n, dataSequenceNumber: 4 }),
      dataInput(b, { firstRowId: 900n, dataSequenceNumber: 2 }),
    ],
    method: { kind: 'concat', reason: 'test' },
  })
  const result = await lab.run(task)
  const expected = [
    [1, 100n, 4n],
    [2, 101n, 4n],
    [3, 102n, 4n],
    [4, 900n, 2n],
    [5, 901n, 2n],
  ]
  assert.equal(result.method.kind, 'concat')
  assert.deepEqual(lineageOf(await outputRows(result)), expected)
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  // The first row id of the concatenated file is a new one; what the file stores wins.
  const written = dataInput(result.dataFiles[0]?.filePath ?? '', { firstRowId: 7000n, dataSequenceNumber: 9 })
  const again = await lab.run(taskOf(lab, V3, { inputs: [written] }))
  assert.deepEqual(lineageOf(await outputRows(again)), expected)
})

test('a concat of files with and without stored lineage keeps both, or steps up', async () => {
  const a = plainFile('ma.parquet', [1, 2])
  const b = storedFile('mb.parquet', [
    [3, 50n, 5n],
    [4, null, 5n],
  ])
  const inputs = [dataInput(a, { firstRowId: 10n }), dataInput(b, { firstRowId: 20n, dataSequenceNumber: 8 })]
  const result = await lab.run(taskOf(lab, V3, { inputs, method: { kind: 'concat', reason: 'test' } }))
  assert.match(result.method.reason, /may hold nulls/)
  assert.deepEqual(lineageOf(await outputRows(result)), [
    [1, 10n, 1n],
    [2, 11n, 1n],
    [3, 50n, 5n],
    [4, 21n, 5n],
  ])
})

test('rows of a table that was just upgraded have no ids yet; none are invented', async () => {
  const a = plainFile('ua.parquet', [1, 2])
  for (const kind of ['rewrite', 'concat'] as const) {
    const result = await lab.run(taskOf(lab, V3, { inputs: [dataInput(a)], method: { kind, reason: 'test' } }))
    assert.equal(result.method.kind, kind)
    assert.deepEqual(
      storedSchema(result.dataFiles[0]?.filePath ?? '').map(({ name }) => name),
      ['id'],
    )
  }
  // Beside rows that have ids, theirs are null: they are inherited from the output.
  const inputs = [dataInput(a), dataInput(plainFile('ub.parquet', [3]), { firstRowId: 40n, dataSequenceNumber: 6 })]
  const mixed = await lab.run(taskOf(lab, V3, { inputs }))
  assert.deepEqual(lineageOf(await outputRows(mixed)), [
    [1, null, null],
    [2, null, null],
    [3, 40n, 6n],
  ])
})
