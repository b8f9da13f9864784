import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '../schema/schema.ts'
import type { PartitionSpec } from './partition-spec.ts'
import { partitionFieldTypes, tablePartitionFieldTypes } from './partition-type.ts'
import { parseTransform } from './transform.ts'

const schema: Schema = {
  schemaId: 1,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    {
      id: 2,
      name: 'event',
      required: false,
      type: {
        kind: 'struct',
        fields: [
          { id: 3, name: 'at', required: false, type: { kind: 'timestamptz' } },
          { id: 4, name: 'price', required: false, type: { kind: 'decimal', precision: 9, scale: 2 } },
        ],
      },
    },
  ],
}

function spec(...fields: readonly (readonly [number, string])[]): PartitionSpec {
  return {
    specId: 0,
    fields: fields.map(([sourceId, transform], at) => ({
      fieldId: 1000 + at,
      sourceIds: [sourceId],
      name: `p${at}`,
      transform: parseTransform(transform),
    })),
  }
}

test('each field has the result type of its transform, structs included', () => {
  const types = partitionFieldTypes(
    spec([1, 'identity'], [1, 'bucket[4]'], [3, 'day'], [3, 'hour'], [4, 'truncate[10]'], [1, 'void'], [1, 'zorder']),
    schema,
  )
  assert.deepEqual(types, [
    { kind: 'long' },
    { kind: 'int' },
    { kind: 'date' },
    { kind: 'int' },
    { kind: 'decimal', precision: 9, scale: 2 },
    { kind: 'long' },
    { kind: 'string' },
  ])
})

test('a dropped source column leaves fixed result types and unknown otherwise', () => {
  const types = partitionFieldTypes(spec([9, 'identity'], [9, 'truncate[2]'], [9, 'day'], [9, 'bucket[2]']), schema)
  assert.deepEqual(
    types.map((type) => type.kind),
    ['unknown', 'unknown', 'date', 'int'],
  )
})

test('a struct is no source of a partition value', () => {
  assert.deepEqual(partitionFieldTypes(spec([2, 'identity']), schema), [{ kind: 'unknown' }])
})

test('through the table, the current schema decides, and dropped columns are found in the newest that had them', () => {
  const older: Schema = {
    schemaId: 0,
    identifierFieldIds: [],
    fields: [
      { id: 1, name: 'id', required: true, type: { kind: 'int' } },
      { id: 9, name: 'gone', required: false, type: { kind: 'int' } },
    ],
  }
  const newer: Schema = {
    schemaId: 2,
    identifierFieldIds: [],
    fields: [{ id: 9, name: 'gone', required: false, type: { kind: 'long' } }],
  }
  const table = { schemas: [older, schema, newer], currentSchemaId: 1 }
  assert.deepEqual(tablePartitionFieldTypes(spec([1, 'identity'], [9, 'identity'], [8, 'identity']), table), [
    { kind: 'long' },
    { kind: 'long' },
    { kind: 'unknown' },
  ])
})
