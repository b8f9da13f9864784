import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { SchemaElement } from 'hyparquet'
import {
  dataInput,
  fieldsOf,
  openLab,
  outputRows,
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

const NANOS_UTC = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } as const
const ROWS = 6000

function fixed(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (seed * 31 + at * 7) & 0xff)
}

const range = <T>(value: (row: number) => T): T[] => Array.from({ length: ROWS }, (_, row) => value(row))
const comparable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === 'bigint') return `${item}n`
      return item instanceof Uint8Array ? `hex ${Buffer.from(item).toString('hex')}` : (item ?? null)
    }),
  )

const AWKWARD: Schema = schemaOf(
  [1, 'f5', { kind: 'fixed', length: 5 }],
  [2, 'f16', { kind: 'fixed', length: 16 }],
  [3, 'at', 'timestamptz_ns'],
  [4, 'list', { kind: 'list', elementId: 5, elementRequired: false, element: { kind: 'fixed', length: 3 } }],
  [
    6,
    'inner',
    { kind: 'struct', fields: fieldsOf([7, 'at', 'timestamptz_ns'], [8, 'f', { kind: 'fixed', length: 2 }]) },
  ],
  [
    9,
    'map',
    {
      kind: 'map',
      keyId: 10,
      key: { kind: 'string' },
      valueId: 11,
      valueRequired: false,
      value: { kind: 'fixed', length: 4 },
    },
  ],
)

const AWKWARD_ELEMENTS: readonly SchemaElement[] = [
  { name: 'table', num_children: 6 },
  { name: 'f5', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 5, repetition_type: 'OPTIONAL', field_id: 1 },
  { name: 'f16', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, repetition_type: 'REQUIRED', field_id: 2 },
  { name: 'at', type: 'INT64', repetition_type: 'OPTIONAL', logical_type: NANOS_UTC, field_id: 3 },
  { name: 'list', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', field_id: 4 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 3, repetition_type: 'OPTIONAL', field_id: 5 },
  { name: 'inner', repetition_type: 'OPTIONAL', num_children: 2, field_id: 6 },
  { name: 'at', type: 'INT64', repetition_type: 'OPTIONAL', logical_type: NANOS_UTC, field_id: 7 },
  { name: 'f', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, repetition_type: 'OPTIONAL', field_id: 8 },
  { name: 'map', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'MAP', field_id: 9 },
  { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
  { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED', field_id: 10 },
  { name: 'value', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 4, repetition_type: 'OPTIONAL', field_id: 11 },
]

function awkwardColumns(): Record<string, unknown[]> {
  return {
    // Few values, so that DuckDB makes a dictionary; and many, so that it does not.
    f5: range((row) => (row % 10 === 0 ? null : fixed(5, row % 7))),
    f16: range((row) => fixed(16, row * 2654435761)),
    at: range((row) => (row % 9 === 0 ? null : 1_600_000_000_123_456_789n + BigInt(row))),
    list: range((row) =>
      row % 4 === 0 ? null : Array.from({ length: row % 3 }, (_, at) => (at === 1 ? null : fixed(3, row + at))),
    ),
    inner: range((row) =>
      row % 5 === 0 ? null : { at: row % 2 === 0 ? null : BigInt(row) - 3000n, f: fixed(2, row) },
    ),
    map: range((row) => (row % 6 === 0 ? null : [{ key: `k${row % 3}`, value: row % 8 === 0 ? null : fixed(4, row) }])),
  }
}

for (const compression of ['zstd', 'snappy', 'gzip', 'uncompressed', 'lz4']) {
  test(`fixed and timestamptz_ns, nested as well, are exact in type and value (${compression})`, async () => {
    const path = lab.writeFile(`awkward-${compression}.parquet`, AWKWARD_ELEMENTS, awkwardColumns(), {
      rowGroupSize: 2500,
    })
    const task = taskOf(lab, { schema: AWKWARD }, { inputs: [dataInput(path)] }, { compression })
    const result = await lab.run(task)
    assert.deepEqual(comparable(await outputRows(result)), comparable(await storedRows(path)))
    const [file] = result.dataFiles
    assert.ok(file)
    const types = (elements: readonly Partial<SchemaElement>[]) =>
      elements.map(({ name, field_id, type, type_length, logical_type }) =>
        comparable({
          name,
          field_id,
          type,
          type_length,
          logical_type: type === undefined || type === 'BYTE_ARRAY' ? null : logical_type,
        }),
      )
    assert.deepEqual(types(storedSchema(file.filePath)), types(AWKWARD_ELEMENTS.slice(1)))
    assert.equal(file.metrics.upperBounds.get(1)?.length, 5)
    assert.equal(file.metrics.upperBounds.get(2)?.length, 16)
  })
}
