import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { coveredSequence } from '@moraine/maintenance/plan/delete-state'
import type { OutputDeleteFile, RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import type { SchemaElement } from 'hyparquet'
import { deletionVectors, equalityDeletes, positionDeletes } from './testing/delete-files.ts'
import {
  dataInput,
  openLab,
  type RewriteLab,
  schemaOf,
  storedRows,
  storedSchema,
  taskOf,
} from './testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'int'], [2, 'payload', 'variant'])
const ID: SchemaElement = { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 }
const METHOD = { kind: 'convert-deletes', reason: 'test' } as const
const ids = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at)
const writeIds = (name: string, from: number, count: number) =>
  lab.writeFile(name, [{ name: 'table', num_children: 1 }, ID], { id: ids(from, count) }, { rowGroupSize: 7 })

async function positionsIn(file: OutputDeleteFile): Promise<number[]> {
  if (file.fileFormat === 'puffin') {
    const { contentOffset = 0, contentSizeBytes = 0 } = file
    return [
      ...decodeDeletionVector(
        readFileSync(file.filePath).subarray(contentOffset, contentOffset + contentSizeBytes),
        'test',
      ),
    ]
  }
  const rows = await storedRows(file.filePath)
  for (const row of rows) assert.equal(row['file_path'], file.referencedDataFile)
  return rows.map((row) => Number(row['pos']))
}

async function positionsByFile(result: RewriteResult): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {}
  for (const file of result.deleteFiles) {
    assert.equal(file.recordCount, (await positionsIn(file)).length)
    found[basename(file.referencedDataFile)] = await positionsIn(file)
  }
  return found
}

test('v2: every delete becomes one position delete file per data file, with exact types and bounds', async () => {
  const a = writeIds('a.parquet', 0, 20)
  const b = writeIds('b.parquet', 20, 20)
  const c = writeIds('c.parquet', 40, 20)
  const deletes = [
    positionDeletes(lab, 'p.parquet', [
      [a, 3],
      [b, 0],
      [a, 19],
    ]),
    equalityDeletes(lab, 'e.parquet', [ID], { id: [3, 5, 25, 999] }, 4, [1]),
  ]
  const task = taskOf(
    lab,
    { schema: SCHEMA },
    {
      inputs: [
        dataInput(a, { deletes: [0, 1] }),
        // Too young for the equality delete.
        dataInput(b, { deletes: [0], dataSequenceNumber: 4 }),
        dataInput(c, { deletes: [1] }),
      ],
      deletes,
      method: METHOD,
    },
  )
  const result = await lab.run(task)
  assert.deepEqual(await positionsByFile(result), { 'a.parquet': [3, 5, 19], 'b.parquet': [0] })
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  assert.deepEqual(
    result.evidence.kind === 'deleted-positions' && result.evidence.files.map(({ deletedRows }) => deletedRows),
    [3, 1, 0],
  )

  const [first] = result.deleteFiles
  assert.ok(first)
  assert.equal(first.filePath, `${task.output.directory}a-delete-s100-${task.output.filePrefix}-0.parquet`)
  assert.equal(coveredSequence({ file: { filePath: first.filePath }, dataSequenceNumber: 101 } as never), 100)
  assert.deepEqual(
    storedSchema(first.filePath).map(({ name, field_id, type, repetition_type }) => [
      name,
      field_id,
      type,
      repetition_type,
    ]),
    [
      ['file_path', 2147483546, 'BYTE_ARRAY', 'REQUIRED'],
      ['pos', 2147483545, 'INT64', 'REQUIRED'],
    ],
  )
  const { lowerBounds, upperBounds } = first.metrics
  assert.equal(Buffer.from(lowerBounds.get(2147483546) ?? []).toString(), a)
  assert.deepEqual(lowerBounds.get(2147483546), upperBounds.get(2147483546))
  assert.equal(Buffer.from(upperBounds.get(2147483545) ?? []).readBigInt64LE(), 19n)
})

test('v3: one vector per data file, all in one Puffin file, old vectors included', async () => {
  const a = writeIds('va.parquet', 0, 20)
  const b = writeIds('vb.parquet', 20, 20)
  const vectors = deletionVectors(lab, 'old.puffin', [
    [a, [1, 2]],
    [b, [19]],
  ])
  const deletes = [...vectors, equalityDeletes(lab, 've.parquet', [ID], { id: [2, 7, 20] }, 4, [1])]
  const task = taskOf(
    lab,
    { schema: SCHEMA, formatVersion: 3 },
    {
      inputs: [dataInput(a, { deletes: [0, 2] }), dataInput(b, { deletes: [1, 2] })],
      deletes,
      method: METHOD,
    },
  )
  const result = await lab.run(task)
  assert.deepEqual(await positionsByFile(result), { 'va.parquet': [1, 2, 7], 'vb.parquet': [0, 19] })
  assert.equal(new Set(result.deleteFiles.map((file) => file.filePath)).size, 1)
  assert.equal(
    coveredSequence({ file: { filePath: result.deleteFiles[0]?.filePath }, dataSequenceNumber: 101 } as never),
    100,
  )
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  // What was written is an input like any other.
  const again = await lab.run(
    taskOf(
      lab,
      { schema: SCHEMA, formatVersion: 3 },
      {
        inputs: [dataInput(a, { deletes: [0] })],
        deletes: [{ ...deletes[0], ...pick(result.deleteFiles[0]), dataSequenceNumber: 101 } as never],
        method: METHOD,
      },
    ),
  )
  assert.deepEqual(await positionsByFile(again), { 'va.parquet': [1, 2, 7] })
})

function pick(file: OutputDeleteFile | undefined): object {
  const { metrics: _, ...rest } = file ?? ({} as OutputDeleteFile)
  return rest
}

test('deletes that hit nothing leave no delete file', async () => {
  const a = writeIds('na.parquet', 0, 5)
  for (const formatVersion of [2, 3] as const) {
    const deletes = [equalityDeletes(lab, `ne${formatVersion}.parquet`, [ID], { id: [999] }, 4, [1])]
    const task = taskOf(
      lab,
      { schema: SCHEMA, formatVersion },
      { inputs: [dataInput(a, { deletes: [0] })], deletes, method: METHOD },
    )
    const result = await lab.run(task)
    assert.deepEqual(result.deleteFiles, [])
    assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  }
})
