import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '../schema/schema.ts'
import { type NewTable, newTableMetadata } from './new-table-metadata.ts'
import { SCHEMA, T0, UUID } from './testing/example-table.ts'

const TABLE: NewTable = { schema: SCHEMA, location: 's3://b/t', properties: {}, uuid: UUID, now: T0 }

// Ids as another table's, with gaps.
const FOREIGN: Schema = {
  schemaId: 8,
  identifierFieldIds: [70],
  fields: [
    {
      id: 50,
      name: 'tags',
      required: false,
      type: {
        kind: 'map',
        keyId: 51,
        key: { kind: 'string' },
        valueId: 52,
        valueRequired: false,
        value: {
          kind: 'list',
          elementId: 53,
          elementRequired: true,
          element: { kind: 'struct', fields: [{ id: 54, name: 'x', required: false, type: { kind: 'int' } }] },
        },
      },
    },
    { id: 70, name: 'id', required: true, type: { kind: 'long' }, doc: 'key' },
  ],
}

test('columns are numbered anew, each level before the next, and everything follows', () => {
  const table = newTableMetadata({
    ...TABLE,
    schema: FOREIGN,
    spec: { specId: 4, fields: [{ fieldId: 2000, sourceIds: [70], name: 'id', transform: { kind: 'identity' } }] },
    sortOrder: {
      orderId: 6,
      fields: [{ sourceIds: [70], transform: { kind: 'identity' }, direction: 'desc', nullOrder: 'nulls-last' }],
    },
  })
  const [schema] = table.schemas
  assert.deepEqual(schema?.identifierFieldIds, [2])
  assert.deepEqual(schema?.fields, [
    {
      id: 1,
      name: 'tags',
      required: false,
      type: {
        kind: 'map',
        keyId: 3,
        key: { kind: 'string' },
        valueId: 4,
        valueRequired: false,
        value: {
          kind: 'list',
          elementId: 5,
          elementRequired: true,
          element: { kind: 'struct', fields: [{ id: 6, name: 'x', required: false, type: { kind: 'int' } }] },
        },
      },
    },
    { id: 2, name: 'id', required: true, type: { kind: 'long' }, doc: 'key' },
  ])
  assert.equal(table.lastColumnId, 6)
  assert.deepEqual(table.partitionSpecs, [
    { specId: 0, fields: [{ fieldId: 1000, sourceIds: [2], name: 'id', transform: { kind: 'identity' } }] },
  ])
  assert.equal(table.lastPartitionId, 1000)
  assert.equal(table.defaultSortOrderId, 1)
  assert.deepEqual(table.sortOrders[0]?.fields[0]?.sourceIds, [2])
})

test('by default a table is unpartitioned, unsorted, of version 2 and compressed with zstd', () => {
  const table = newTableMetadata(TABLE)
  assert.equal(table.formatVersion, 2)
  assert.deepEqual(table.partitionSpecs, [{ specId: 0, fields: [] }])
  assert.deepEqual(table.sortOrders, [{ orderId: 0, fields: [] }])
  assert.deepEqual(table.properties, { 'write.parquet.compression-codec': 'zstd' })
  assert.equal(table.lastUpdatedMs, T0)
})

test('reserved properties decide but are not stored', () => {
  const table = newTableMetadata({
    ...TABLE,
    properties: { 'format-version': '3', uuid: 'x', a: 'b', 'write.parquet.compression-codec': 'snappy' },
  })
  assert.equal(table.formatVersion, 3)
  assert.equal(table.tableUuid, UUID)
  assert.deepEqual(table.properties, { 'write.parquet.compression-codec': 'snappy', a: 'b' })
})

test('what does not fit together is refused', () => {
  const refuse = (change: Partial<NewTable>) => () => newTableMetadata({ ...TABLE, ...change })
  assert.throws(refuse({ properties: { 'format-version': '4' } }), /format-version is 4; set it to 1, 2 or 3/)
  assert.throws(refuse({ properties: { 'format-version': 'two' } }), /format-version is "two"/)
  const field = { sourceIds: [9], name: 'p', transform: { kind: 'day' } } as const
  assert.throws(
    refuse({ spec: { fields: [field] } }),
    /partition field p has the source column 9, which is not in the schema/,
  )
  assert.throws(refuse({ schema: { ...SCHEMA, identifierFieldIds: [9] } }), /identifier field 9 is not in the schema/)
  assert.throws(refuse({ schema: { ...SCHEMA, identifierFieldIds: [3] } }), /identifier field name is optional/)
  assert.throws(
    refuse({ schema: { ...SCHEMA, fields: [...SCHEMA.fields, ...SCHEMA.fields] } }),
    /the name id in one struct twice/,
  )
})
