import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import { glueColumns } from './glue-columns.ts'

const LONG: IcebergType = { kind: 'long' }
const schemaOf = (schemaId: number, ...columns: readonly [number, string, IcebergType, string?][]) => ({
  schemaId,
  identifierFieldIds: [],
  fields: columns.map(([id, name, type, doc]) => ({
    id,
    name,
    type,
    required: false,
    ...(doc === undefined ? {} : { doc }),
  })),
})

test('types are written as the reference implementation writes them', () => {
  const types: readonly [IcebergType, string][] = [
    [LONG, 'bigint'],
    [{ kind: 'time' }, 'string'],
    [{ kind: 'uuid' }, 'string'],
    [{ kind: 'timestamptz' }, 'timestamp'],
    [{ kind: 'timestamp_ns' }, 'timestamp_nano'],
    [{ kind: 'fixed', length: 4 }, 'binary'],
    [{ kind: 'decimal', precision: 9, scale: 2 }, 'decimal(9,2)'],
    [{ kind: 'variant' }, 'variant'],
    [
      {
        kind: 'map',
        keyId: 3,
        key: { kind: 'string' },
        valueId: 4,
        valueRequired: false,
        value: {
          kind: 'struct',
          fields: [
            {
              id: 5,
              name: 'a',
              required: true,
              type: { kind: 'list', elementId: 6, elementRequired: true, element: { kind: 'date' } },
            },
            { id: 7, name: 'b', required: true, type: { kind: 'boolean' } },
          ],
        },
      },
      'map<string,struct<a:array<date>,b:boolean>>',
    ],
  ]
  for (const [type, wanted] of types) {
    const [column] = glueColumns({ currentSchemaId: 0, schemas: [schemaOf(0, [1, 'c', type])] })
    assert.equal(column?.Type, wanted)
  }
})

test('columns of older schemas follow, each name once, with comments of the schema before those of Glue', () => {
  const schemas = [
    schemaOf(0, [1, 'id', LONG], [2, 'gone', LONG]),
    schemaOf(1, [1, 'id', LONG, 'documented'], [3, 'added', LONG]),
  ]
  const before = [
    { Name: 'id', Comment: 'stale' },
    { Name: 'added', Comment: `by hand ${'x'.repeat(300)}` },
  ]
  const columns = glueColumns({ currentSchemaId: 1, schemas }, before)
  assert.deepEqual(
    columns.map(({ Name, Parameters }) => [
      Name,
      Parameters?.['iceberg.field.id'],
      Parameters?.['iceberg.field.current'],
    ]),
    [
      ['id', '1', 'true'],
      ['added', '3', 'true'],
      ['gone', '2', 'false'],
    ],
  )
  assert.equal(columns[0]?.Comment, 'documented')
  assert.equal(columns[1]?.Comment?.length, 255)
  assert.equal(columns[2]?.Comment, undefined)
})
