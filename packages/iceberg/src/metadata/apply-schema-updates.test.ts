import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '../schema/schema.ts'
import type { NestedField } from '../schema/type.ts'
import type { TableUpdate } from './table-update.ts'
import { applied, exampleTable, refusal, SCHEMA } from './testing/example-table.ts'

function withColumn(field: NestedField, base: Schema = SCHEMA): Schema {
  return { ...base, schemaId: 77, fields: [...base.fields, field] }
}

const EXTRA: NestedField = { id: 4, name: 'extra', required: false, type: { kind: 'int' } }
const WIDE = withColumn(EXTRA)
const SET_LAST: TableUpdate = { action: 'set-current-schema', schemaId: -1 }

function add(schema: Schema): TableUpdate {
  return { action: 'add-schema', schema }
}

test('a schema gets the next id and becomes current', () => {
  const table = applied(exampleTable(), [add(WIDE), SET_LAST])
  assert.deepEqual(table.schemas, [SCHEMA, { ...WIDE, schemaId: 1 }])
  assert.equal(table.currentSchemaId, 1)
  assert.equal(table.lastColumnId, 4)
})

test('an equal schema is the one the table has, and counts as the last added', () => {
  const table = applied(exampleTable(), [add(WIDE), SET_LAST])
  const back = applied(table, [add({ ...SCHEMA, schemaId: 5 }), SET_LAST])
  assert.equal(back.currentSchemaId, 0)
  assert.equal(back.schemas, table.schemas)
  assert.equal(back.lastColumnId, 4)
})

test('the highest column id only rises', () => {
  const raise = (lastColumnId: number): TableUpdate => ({ action: 'add-schema', schema: WIDE, lastColumnId })
  assert.equal(applied(exampleTable(), [raise(9)]).lastColumnId, 9)
  assert.equal(applied(exampleTable(), [raise(1)]).lastColumnId, 4)
})

test('a schema that the version does not know is refused', () => {
  const nanos = withColumn({ ...EXTRA, type: { kind: 'timestamp_ns' } })
  assert.equal(
    refusal(exampleTable(2), add(nanos)),
    'invalid-input: invalid schema for format version 2: type timestamp_ns of extra needs version 3',
  )
  assert.equal(applied(exampleTable(3), [add(nanos)]).schemas.length, 2)
  const upgrade: TableUpdate = { action: 'upgrade-format-version', formatVersion: 3 }
  assert.equal(applied(exampleTable(2), [upgrade, add(nanos)]).schemas.length, 2)
  assert.match(
    refusal(exampleTable(), add(withColumn({ ...EXTRA, name: 'id' }))),
    /^invalid-input: schema 77 has the name id/,
  )
})

test('the current schema must be known', () => {
  assert.equal(
    refusal(exampleTable(), SET_LAST),
    'invalid-input: cannot set the last added schema: no schema has been added',
  )
  assert.equal(
    refusal(exampleTable(), { action: 'set-current-schema', schemaId: 3 }),
    'invalid-input: cannot set current schema to unknown schema 3',
  )
})

test('the current schema must go with the default spec and order', () => {
  const dropped: Schema = { ...SCHEMA, fields: SCHEMA.fields.slice(1) }
  assert.equal(
    refusal(exampleTable(), add(dropped), SET_LAST),
    'invalid-input: the default partition spec and the current schema disagree: ' +
      'partition field id_bucket has the source column 1, which is not in the schema',
  )
  const unpartitioned: readonly TableUpdate[] = [
    { action: 'add-spec', spec: { fields: [] } },
    { action: 'set-default-spec', specId: -1 },
  ]
  const table = applied(exampleTable(), [...unpartitioned, add(dropped), SET_LAST])
  assert.deepEqual([table.currentSchemaId, table.defaultSpecId], [1, 1])
  const sorted: readonly TableUpdate[] = [
    {
      action: 'add-sort-order',
      sortOrder: {
        orderId: 1,
        fields: [{ sourceIds: [1], transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
      },
    },
    { action: 'set-default-sort-order', sortOrderId: -1 },
  ]
  assert.match(
    refusal(exampleTable(), ...sorted, ...unpartitioned, add(dropped), SET_LAST),
    /the default sort order and the current schema disagree: a sort field has the source column 1/,
  )
})

test('a column cannot take the name of a partition field', () => {
  assert.equal(
    refusal(exampleTable(), add(withColumn({ ...EXTRA, name: 'id_bucket' })), SET_LAST),
    'invalid-input: partition spec 0 and the current schema disagree: ' +
      'partition field id_bucket has the name of column 4, which is not its source',
  )
})

test('schemas can be removed but for the current one', () => {
  const table = applied(exampleTable(), [add(WIDE), SET_LAST])
  assert.deepEqual(
    applied(table, [{ action: 'remove-schemas', schemaIds: [0, 9] }]).schemas.map((schema) => schema.schemaId),
    [1],
  )
  assert.equal(
    refusal(table, { action: 'remove-schemas', schemaIds: [1] }),
    'invalid-input: cannot remove schema 1: it is current',
  )
})
