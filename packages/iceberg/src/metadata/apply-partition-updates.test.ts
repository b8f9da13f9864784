import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTransform } from '../partition/transform.ts'
import type { TableUpdate } from './table-update.ts'
import { applied, exampleTable, refusal, SCHEMA } from './testing/example-table.ts'

type Field = readonly [name: string, transform: string, sourceId: number, fieldId?: number]

function add(...fields: readonly Field[]): TableUpdate {
  return {
    action: 'add-spec',
    spec: {
      fields: fields.map(([name, transform, sourceId, fieldId]) => ({
        name,
        transform: parseTransform(transform),
        sourceIds: [sourceId],
        ...(fieldId === undefined ? {} : { fieldId }),
      })),
    },
  }
}

const SET_LAST: TableUpdate = { action: 'set-default-spec', specId: -1 }

function fieldIds(table: ReturnType<typeof exampleTable>): readonly number[] {
  return table.partitionSpecs.at(-1)?.fields.map((field) => field.fieldId) ?? []
}

test('a spec gets the next id, its fields those of equivalent fields or the next', () => {
  const table = applied(exampleTable(), [add(['at_day', 'day', 2], ['b', 'bucket[4]', 1]), SET_LAST])
  assert.equal(table.defaultSpecId, 1)
  assert.deepEqual(fieldIds(table), [1001, 1000])
  assert.equal(table.lastPartitionId, 1001)
  const given = applied(table, [add(['at_hour', 'hour', 2, 1005], ['n', 'identity', 3])])
  assert.deepEqual(fieldIds(given), [1005, 1006])
  assert.equal(given.lastPartitionId, 1006)
})

test('a compatible spec is the one the table has, whatever ids its fields come with', () => {
  const table = applied(exampleTable(), [add(), SET_LAST])
  const back = applied(table, [add(['id_bucket', 'bucket[4]', 1, 1234]), SET_LAST])
  assert.equal(back.defaultSpecId, 0)
  assert.equal(back.partitionSpecs, table.partitionSpecs)
  assert.equal(back.lastPartitionId, 1000)
})

test('an id means one field in all specs', () => {
  const table = exampleTable()
  assert.equal(
    refusal(table, add(['at_day', 'day', 2, 1000])),
    'invalid-input: invalid partition spec: field at_day has the id 1000, which is that of id_bucket',
  )
  assert.match(refusal(table, add(['a', 'day', 2, 1001], ['b', 'hour', 2, 1001])), /field b has the id 1001 of another/)
  assert.deepEqual(fieldIds(applied(table, [add(['renamed', 'bucket[4]', 1, 1000])])), [1000])
  assert.deepEqual(fieldIds(applied(table, [add(['dropped', 'void', 1, 1000])])), [1000])
})

test('version 1 numbers the fields of every spec from 1000', () => {
  const table = exampleTable(1)
  const added = applied(table, [add(['id_bucket', 'void', 1, 1000], ['at_day', 'day', 2])])
  assert.deepEqual(fieldIds(added), [1000, 1001])
  assert.equal(
    refusal(table, add(['at_day', 'day', 2, 1001])),
    'invalid-input: invalid partition spec: field at_day has the id 1001, which must be 1000 in v1',
  )
})

test('a spec must go with the current schema', () => {
  const problem = (...fields: readonly Field[]) => refusal(exampleTable(), add(...fields))
  const because = 'invalid-input: invalid partition spec: '
  assert.equal(
    problem(['p', 'day', 9]),
    `${because}partition field p has the source column 9, which is not in the schema`,
  )
  assert.equal(problem(['p', 'day', 3]), `${because}partition field p cannot apply day to name of type string`)
  for (const transform of ['bucket[0]', 'Truncate[0]', 'bucket[2147483648]', 'truncate[99999999999]']) {
    assert.equal(
      problem(['p', transform, 3]),
      `${because}partition field p has the transform ${transform}, whose parameter is no integer from 1 to 2147483647`,
    )
  }
  assert.equal(problem(['', 'day', 2]), `${because}a partition field has an empty name`)
  assert.equal(problem(['p', 'day', 2], ['p', 'hour', 2]), `${because}two partition fields are called p`)
  assert.equal(
    problem(['name', 'day', 2]),
    `${because}partition field name has the name of column 3, which is not its source`,
  )
  assert.equal(problem(['name', 'identity', 3]), 'accepted')
  assert.equal(problem(['gone', 'void', 9]), 'accepted')
})

test('sources are found in structs but not in lists', () => {
  const inner = { id: 6, name: 'x', required: false, type: { kind: 'int' } } as const
  const table = applied(exampleTable(), [
    {
      action: 'add-schema',
      schema: {
        ...SCHEMA,
        fields: [
          ...SCHEMA.fields,
          { id: 4, name: 's', required: false, type: { kind: 'struct', fields: [inner] } },
          {
            id: 5,
            name: 'l',
            required: false,
            type: { kind: 'list', elementId: 7, elementRequired: true, element: { kind: 'int' } },
          },
        ],
      },
    },
    { action: 'set-current-schema', schemaId: -1 },
  ])
  assert.equal(refusal(table, add(['p', 'bucket[2]', 6])), 'accepted')
  assert.match(refusal(table, add(['p', 'bucket[2]', 7])), /source column l.element, which is inside a list or map/)
  assert.match(refusal(table, add(['p', 'bucket[2]', 4])), /source column s, which is a struct/)
})

test('the default spec must be known and cannot be removed', () => {
  const table = applied(exampleTable(), [add()])
  assert.equal(
    refusal(table, SET_LAST),
    'invalid-input: cannot set the last added partition spec: no spec has been added',
  )
  assert.equal(
    refusal(table, { action: 'set-default-spec', specId: 5 }),
    'invalid-input: cannot set default partition spec to unknown spec 5',
  )
  assert.equal(
    refusal(table, { action: 'remove-partition-specs', specIds: [0] }),
    'invalid-input: cannot remove partition spec 0: it is the default',
  )
  assert.deepEqual(
    applied(table, [{ action: 'remove-partition-specs', specIds: [1] }]).partitionSpecs.map((spec) => spec.specId),
    [0],
  )
})

test('a table that is at odds with itself can still be written', () => {
  const table = { ...exampleTable(), schemas: [{ ...SCHEMA, fields: SCHEMA.fields.slice(1) }] }
  const update: TableUpdate = { action: 'set-properties', updates: { a: '1' } }
  assert.equal(refusal(table, update), 'accepted')
})
