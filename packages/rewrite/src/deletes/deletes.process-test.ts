import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DeleteInput } from '@moraine/maintenance/plan/rewrite-plan'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import { isKind } from '@moraine/stdx/error'
import type { SchemaElement } from 'hyparquet'
import { deletionVectors, equalityDeletes, positionDeletes } from '../testing/delete-files.ts'
import { dataInput, fieldsOf, openLab, outputRows, type RewriteLab, schemaOf, taskOf } from '../testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const ID: SchemaElement = { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 }
const NAME: SchemaElement = {
  name: 'name',
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
  field_id: 2,
}
const SCHEMA = schemaOf([1, 'id', 'int'], [2, 'name', 'string'])
const ids = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at)

function writeIds(name: string, from: number, count: number): string {
  return lab.writeFile(name, [{ name: 'table', num_children: 2 }, ID, NAME], {
    id: ids(from, count),
    name: ids(from, count).map((id) => (id % 10 === 0 ? null : `n${id % 10}`)),
  })
}

async function survivors(
  inputs: readonly { readonly path: string; readonly sequence?: number; readonly deletes: readonly number[] }[],
  deletes: readonly DeleteInput[],
  table: Partial<Parameters<typeof taskOf>[1]> = {},
): Promise<unknown[]> {
  const task = taskOf(
    lab,
    { schema: SCHEMA, ...table },
    {
      inputs: inputs.map(({ path, sequence = 1, deletes: own }) =>
        dataInput(path, { dataSequenceNumber: sequence, deletes: own }),
      ),
      deletes,
    },
  )
  const result = await lab.run(task)
  const verdict = verifyGroup(task, result, task.table)
  assert.deepEqual(verdict, { kind: 'verified' })
  return (await outputRows(result)).map((row) => row['id'])
}

const corrupt = (message: RegExp) => (error: unknown) => isKind(error, 'corrupt') && message.test(error.message)

test('position deletes: several data files in one delete file, several delete files for one row, foreign paths', async () => {
  const a = writeIds("it's a.parquet", 0, 10)
  const b = writeIds('ünï.parquet', 10, 10)
  const deletes = [
    positionDeletes(lab, 'p1.parquet', [
      [a, 0],
      [a, 9],
      [b, 5],
      ['/elsewhere/x.parquet', 3],
    ]),
    positionDeletes(
      lab,
      'p2.parquet',
      [
        [a, 0],
        [b, 6],
      ],
      { withoutIds: true },
    ),
  ]
  const rows = await survivors(
    [
      { path: a, deletes: [0, 1] },
      { path: b, deletes: [0, 1] },
    ],
    deletes,
  )
  assert.deepEqual(rows, [...ids(1, 8), ...ids(10, 5), ...ids(17, 3)])
  // A delete that the plan does not apply to a file leaves it alone.
  assert.deepEqual(
    await survivors(
      [
        { path: a, deletes: [0] },
        { path: b, deletes: [] },
      ],
      deletes,
    ),
    [...ids(1, 8), ...ids(10, 10)],
  )
})

test('a file of which nothing is left makes no output', async () => {
  const a = writeIds('all.parquet', 0, 3)
  const deletes = [
    positionDeletes(lab, 'pall.parquet', [
      [a, 0],
      [a, 1],
      [a, 2],
    ]),
  ]
  assert.deepEqual(await survivors([{ path: a, deletes: [0] }], deletes), [])
})

test('position deletes that contradict their data files or manifests are corrupt', async () => {
  const a = writeIds('positions.parquet', 0, 10)
  const run = (input: DeleteInput) => survivors([{ path: a, deletes: [0] }], [input])
  await assert.rejects(
    run(positionDeletes(lab, 'beyond.parquet', [[a, 10]])),
    corrupt(/beyond\.parquet deletes 1 rows that/),
  )
  await assert.rejects(
    run(positionDeletes(lab, 'negative.parquet', [[a, -1]])),
    corrupt(/negative\.parquet deletes 1 rows/),
  )
  await assert.rejects(
    run(positionDeletes(lab, 'miscounted.parquet', [[a, 1]], { recordCount: 2 })),
    corrupt(/miscounted\.parquet holds 1 rows, its manifest says 2/),
  )
  await assert.rejects(
    run({
      ...positionDeletes(lab, 'none.parquet', [[a, 1]]),
      filePath: a,
      fileSizeBytes: dataInput(a).fileSizeBytes,
      recordCount: 10,
    }),
    corrupt(/is no position delete file/),
  )
})

test('deletion vectors of several files in one Puffin file are told apart by their place', async () => {
  const a = writeIds('va.parquet', 0, 10)
  const b = writeIds('vb.parquet', 10, 10)
  const c = writeIds('vc.parquet', 20, 10)
  const deletes = deletionVectors(lab, 'v.puffin', [
    [a, [0, 2, 4]],
    [b, [9]],
    [c, ids(0, 10)],
  ])
  const rows = await survivors(
    [
      { path: a, deletes: [0] },
      { path: b, deletes: [1] },
      { path: c, deletes: [2] },
    ],
    deletes,
  )
  assert.deepEqual(rows, [1, 3, 5, 6, 7, 8, 9, ...ids(10, 9)])
})

test('deletion vectors that contradict the plan or the manifest are corrupt', async () => {
  const a = writeIds('wa.parquet', 0, 10)
  const b = writeIds('wb.parquet', 10, 10)
  const [own, other, beyond] = deletionVectors(lab, 'w.puffin', [
    [a, [1]],
    [b, [2]],
    [a, [3, 10]],
  ])
  assert.ok(own && other && beyond)
  const run = (input: DeleteInput) => survivors([{ path: a, deletes: [0] }], [input])
  await assert.rejects(run(other), corrupt(/is of .*wb\.parquet, the plan applies it to .*wa\.parquet/))
  await assert.rejects(run(beyond), corrupt(/deletes row 10 of .*wa\.parquet, which has 10 rows/))
  await assert.rejects(run({ ...own, recordCount: 2 }), corrupt(/has 1 positions, its manifest entry says 2/))
  await assert.rejects(run({ ...own, contentOffset: 1_000_000 }), corrupt(/listed with a deletion vector beyond its/))
  await assert.rejects(run({ ...own, contentOffset: (own.contentOffset ?? 0) + 1 }), corrupt(/is damaged/))
})

test('equality deletes: only older rows, several sets of fields, null equals null', async () => {
  const old = writeIds('e-old.parquet', 0, 20)
  const young = writeIds('e-young.parquet', 0, 20)
  const deletes = [
    equalityDeletes(lab, 'e1.parquet', [ID], { id: [3, 4, 999] }, 5, [1]),
    equalityDeletes(lab, 'e2.parquet', [NAME], { name: [null, 'n7'] }, 5, [2]),
    equalityDeletes(lab, 'e3.parquet', [NAME, ID], { name: ['n8', 'n1', null], id: [18, 12, 1] }, 9, [1, 2]),
    // The same key again at another number.
    equalityDeletes(lab, 'e4.parquet', [ID], { id: [3] }, 3, [1]),
  ]
  const all = [0, 1, 2, 3]
  const rows = await survivors(
    [
      { path: old, sequence: 2, deletes: all },
      { path: young, sequence: 5, deletes: [2] },
    ],
    deletes,
  )
  const expectOld = ids(0, 20).filter((id) => ![3, 4, 18].includes(id) && id % 10 !== 0 && id % 10 !== 7)
  const expectYoung = ids(0, 20).filter((id) => id !== 18)
  assert.deepEqual(rows, [...expectOld, ...expectYoung])
})

test('equality deletes by floating-point columns: NaN equals NaN, and -0 is not 0', async () => {
  const value: SchemaElement = { name: 'v', type: 'FLOAT', repetition_type: 'OPTIONAL', field_id: 3 }
  const data = lab.writeFile('floats.parquet', [{ name: 'table', num_children: 2 }, ID, value], {
    id: ids(0, 6),
    v: [Number.NaN, 0, -0, 1.5, null, Math.fround(0.1)],
  })
  // The table's column is a double by now; the deletes were written as floats.
  const schema = schemaOf([1, 'id', 'int'], [3, 'v', 'double'])
  const run = (keys: unknown[]) =>
    survivors(
      [{ path: data, deletes: [0] }],
      [equalityDeletes(lab, `f${String(keys)}.parquet`, [value], { v: keys }, 2, [3])],
      { schema },
    )
  assert.deepEqual(await run([Number.NaN]), [1, 2, 3, 4, 5])
  assert.deepEqual(await run([0]), [0, 2, 3, 4, 5])
  assert.deepEqual(await run([-0, null]), [0, 1, 3, 5])
  assert.deepEqual(await run([Math.fround(0.1)]), [0, 1, 2, 3, 4])
})

test('equality deletes find their columns by id: renamed, widened, nested, dropped, missing', async () => {
  const nested: SchemaElement[] = [
    { name: 's', num_children: 1, repetition_type: 'OPTIONAL', field_id: 4 },
    { name: 'x', type: 'INT32', repetition_type: 'OPTIONAL', field_id: 5 },
  ]
  const gone: SchemaElement = { name: 'gone', type: 'INT32', repetition_type: 'OPTIONAL', field_id: 6 }
  const data = lab.writeFile('ids.parquet', [{ name: 'table', num_children: 3 }, ID, ...nested, gone], {
    id: ids(0, 6),
    s: [{ x: 10 }, null, { x: null }, { x: 13 }, { x: 14 }, { x: 15 }],
    gone: [100, 101, 102, null, 104, 105],
  })
  const schema = schemaOf(
    [1, 'renamed', 'long'],
    [4, 't', { kind: 'struct', fields: fieldsOf([5, 'y', 'long']) }],
    [7, 'later', 'string', { initialDefault: 'd' }],
    [8, 'region', 'string'],
  )
  const otherSchemas = [schemaOf([1, 'id', 'int'], [6, 'gone', 'int'])]
  const partitionSpecs = [
    {
      specId: 0,
      fields: [{ fieldId: 1000, sourceIds: [8], name: 'region', transform: { kind: 'identity' as const } }],
    },
  ]
  const long = (name: string, id: number): SchemaElement => ({
    name,
    type: 'INT64',
    repetition_type: 'OPTIONAL',
    field_id: id,
  })
  const text = (name: string, id: number): SchemaElement => ({ ...NAME, name, field_id: id })
  const run = async (
    name: string,
    elements: SchemaElement[],
    columns: Record<string, unknown[]>,
    equalityIds: number[],
  ) => {
    const task = taskOf(
      lab,
      { schema, otherSchemas, partitionSpecs },
      {
        inputs: [dataInput(data, { deletes: [0] })],
        deletes: [equalityDeletes(lab, name, elements, columns, 2, equalityIds)],
        partition: ['eu'],
      },
    )
    return (await outputRows(await lab.run(task))).map((row) => Number(row['renamed']))
  }
  assert.deepEqual(await run('k1.parquet', [long('renamed', 1)], { renamed: [3n] }, [1]), [0, 1, 2, 4, 5])
  assert.deepEqual(
    await run('k2.parquet', [nested[0] as SchemaElement, long('y', 5)], { s: [{ y: 13n }, { y: null }] }, [5]),
    [0, 4, 5],
  )
  assert.deepEqual(await run('k3.parquet', [gone], { gone: [null, 105] }, [6]), [0, 1, 2, 4])
  assert.deepEqual(
    await run('k4.parquet', [text('later', 7), long('renamed', 1)], { later: ['d', 'x'], renamed: [0n, 1n] }, [1, 7]),
    [1, 2, 3, 4, 5],
  )
  assert.deepEqual(
    await run(
      'k5.parquet',
      [text('region', 8), long('renamed', 1)],
      { region: ['eu', 'us'], renamed: [4n, 5n] },
      [8, 1],
    ),
    [0, 1, 2, 3, 5],
  )
  await assert.rejects(
    run('k6.parquet', [long('what', 77)], { what: [1n] }, [77]),
    (error) => isKind(error, 'unsupported') && /deletes by field 77/.test(error.message),
  )
  await assert.rejects(
    run('k7.parquet', [long('renamed', 1)], { renamed: [1n] }, [1, 6]),
    corrupt(/lacks field 6, by which it deletes/),
  )
})

test('the order of rows is kept, also when there are more deletes than rows', async () => {
  const count = 20_000
  const data = await lab.writeSql(
    'ordered.parquet',
    `SELECT i::INT AS id, 'n' || i AS name FROM range(${count}) r(i)`,
    'FIELD_IDS {id: 1, name: 2}',
  )
  const keys = await lab.writeSql(
    'many-keys.parquet',
    `SELECT (i * 2)::INT AS id FROM range(300000) r(i)`,
    'FIELD_IDS {id: 1}',
  )
  const input: DeleteInput = {
    content: 'equality-deletes',
    filePath: keys,
    fileFormat: 'parquet',
    specId: 0,
    partition: [],
    recordCount: 300_000,
    fileSizeBytes: dataInput(keys).fileSizeBytes,
    dataSequenceNumber: 2,
    equalityIds: [1],
  }
  const rows = await survivors([{ path: data, deletes: [0] }], [input])
  assert.deepEqual(
    rows,
    ids(0, count).filter((id) => id % 2 === 1),
  )
})

test('more keys than are applied at once: each file counts, and a row may be hit by several', async () => {
  const data = writeIds('thirty.parquet', 0, 30)
  const keys = async (name: string, step: number): Promise<DeleteInput> => {
    const filePath = await lab.writeSql(
      name,
      `SELECT (i * ${step})::INT AS id FROM range(700000) r(i)`,
      'FIELD_IDS {id: 1}',
    )
    return {
      content: 'equality-deletes',
      filePath,
      fileFormat: 'parquet',
      specId: 0,
      partition: [],
      recordCount: 700_000,
      fileSizeBytes: dataInput(filePath).fileSizeBytes,
      dataSequenceNumber: 2,
      equalityIds: [1],
    }
  }
  const rows = await survivors(
    [{ path: data, deletes: [0, 1] }],
    [await keys('by-two.parquet', 2), await keys('by-three.parquet', 3)],
  )
  assert.deepEqual(
    rows,
    ids(0, 30).filter((id) => id % 2 > 0 && id % 3 > 0),
  )
})
