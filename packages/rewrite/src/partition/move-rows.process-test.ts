import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { parseTransform } from '@moraine/iceberg/partition/transform'
import { transformFunction } from '@moraine/iceberg/partition/transform-function'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import { dataInput, openLab, type RewriteLab, schemaOf, storedRows, taskOf } from '../testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'long'], [2, 'ts', 'timestamp'], [3, 'name', 'string'])
const IDS = 'FIELD_IDS {id: 1, ts: 2, name: 3}'
const ROWS = `SELECT i AS id, TIMESTAMP '2024-01-01' + to_hours((i % 72)::INT) AS ts,
  CASE WHEN i % 10 = 0 THEN NULL ELSE 'n' || (i % 7) END AS name`

function specOf(...fields: readonly (readonly [number, string])[]): PartitionSpec {
  return {
    specId: 1,
    fields: fields.map(([sourceId, transform], at) => ({
      fieldId: 1000 + at,
      sourceIds: [sourceId],
      name: `p${at}`,
      transform: parseTransform(transform),
    })),
  }
}

async function move(name: string, rows: number, spec: PartitionSpec, table: { formatVersion?: 2 | 3 } = {}) {
  const path = await lab.writeSql(`${name}.parquet`, `${ROWS} FROM range(${rows}) r(i)`, IDS)
  const input = dataInput(path, table.formatVersion === 3 ? { firstRowId: 500n } : {})
  const task = taskOf(
    lab,
    { schema: SCHEMA, partitionSpecs: [{ specId: 0, fields: [] }, spec], ...table },
    { inputs: [input], outputSpecId: 1 },
  )
  const result = await lab.run(task)
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  return result
}

type Row = Readonly<Record<string, unknown>>

/** Every row of every file, each held against the partition its file is said to be of. */
async function rowsInPlace(result: RewriteResult, partitionOf: (row: Row) => readonly unknown[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const file of result.dataFiles) {
    const { specId, partition } = file.movedTo ?? { specId: -1, partition: [] }
    for (const row of await storedRows(file.filePath)) {
      assert.equal(partitionKey(specId, partitionOf(row) as typeof partition), partitionKey(1, partition))
      rows.push(row)
    }
  }
  return rows
}

const bucket = transformFunction(parseTransform('bucket[4]'), { kind: 'long' })
const day = transformFunction(parseTransform('day'), { kind: 'timestamp' })

test('rows go to the partitions of the new spec, each file into the directory of its own', async () => {
  const result = await move('several', 3000, specOf([1, 'bucket[4]'], [2, 'day'], [3, 'identity']))
  const rows = await rowsInPlace(result, (row) => [
    bucket(row['id'] as bigint),
    day(row['ts'] as bigint),
    (row['name'] as string | undefined) ?? null,
  ])
  assert.deepEqual(
    rows.map((row) => row['id']).toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 3000 }, (_, at) => BigInt(at)),
  )
  const placed = result.dataFiles.find((file) => file.movedTo?.partition[2] === null)
  assert.match(placed?.filePath ?? '', /\/out\/p0=\d\/p1=2024-01-0[123]\/p2=null\/00001-/)
})

test('rows of many partitions get one file each', async () => {
  const result = await move('many', 20_000, specOf([1, 'bucket[64]'], [2, 'day']))
  assert.equal(result.dataFiles.length, 64 * 3)
  assert.equal(
    result.dataFiles.reduce((sum, file) => sum + file.recordCount, 0),
    20_000,
  )
})

test('rows of one partition, and rows that are no longer partitioned, are written as usual', async () => {
  const one = await move('one', 100, specOf([2, 'year']))
  assert.deepEqual(
    one.dataFiles.map((file) => file.movedTo),
    [{ specId: 1, partition: [54] }],
  )
  const none = await move('none', 100, specOf())
  assert.deepEqual(
    none.dataFiles.map((file) => file.movedTo),
    [{ specId: 1, partition: [] }],
  )
})

test('too many partitions: the rows stay where they were, and the result says so', async () => {
  const result = await move('too-many', 2000, specOf([1, 'identity']))
  assert.match(result.method.reason, /not moved: the rows belong to more than 1000 partitions of spec 1/)
  assert.deepEqual(
    result.dataFiles.map((file) => file.movedTo),
    [undefined],
  )
})

test('moved rows keep their row ids', async () => {
  const result = await move('lineage', 300, specOf([1, 'bucket[4]']), { formatVersion: 3 })
  const rows = await rowsInPlace(result, (row) => [bucket(row['id'] as bigint)])
  assert.equal(rows.length, 300)
  for (const row of rows) assert.equal(row['_row_id'], (row['id'] as bigint) + 500n)
})

test('within each partition rows are sorted as the table asks', async () => {
  const path = await lab.writeSql('sorted.parquet', `${ROWS} FROM range(2000) r(i)`, IDS)
  const sortOrder = {
    orderId: 4,
    fields: [
      { sourceIds: [1], transform: parseTransform('identity'), direction: 'desc', nullOrder: 'nulls-last' } as const,
    ],
  }
  const partitionSpecs = [{ specId: 0, fields: [] }, specOf([1, 'bucket[4]'])]
  const task = taskOf(
    lab,
    { schema: SCHEMA, sortOrder, partitionSpecs },
    { inputs: [dataInput(path)], outputSpecId: 1 },
  )
  const result = await lab.run(task)
  assert.equal(result.dataFiles.length, 4)
  for (const file of result.dataFiles) {
    const ids = (await storedRows(file.filePath)).map((row) => Number(row['id']))
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    )
    assert.equal(file.sortOrderId, 4)
  }
})
