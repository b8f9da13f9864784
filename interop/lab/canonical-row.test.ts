import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { formatExactJson, type JsonValue } from '@moraine/stdx/exact-json'
import { canonicalRow, type RowValue } from '@moraine/testkit/canonical-row'
import fc from 'fast-check'

/** A type, a value for TypeScript, and both as canonical_row_lines.py wants them. */
type Sample = {
  readonly type: IcebergType
  readonly value: RowValue
  readonly json: JsonValue
  readonly wire: JsonValue
}

const integers = (kind: 'int' | 'long', min: bigint, max: bigint) =>
  fc.bigInt({ min, max }).map((value): Sample => ({ type: { kind }, value, json: kind, wire: value }))

const floats = (kind: 'float' | 'double', values: fc.Arbitrary<number>) =>
  values.map((value): Sample => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return { type: { kind }, value, json: kind, wire: bytes.toString('hex') }
  })

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.integer({ min: 0, max: 38 }))
  .map(([value, scale]): Sample => {
    const type: IcebergType = { kind: 'decimal', precision: 38, scale }
    return { type, value, json: `decimal(38, ${scale})`, wire: `${value}E-${scale}` }
  })

const instants = fc
  .tuple(
    fc.constantFrom('timestamp', 'timestamptz', 'timestamp_ns', 'timestamptz_ns'),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )
  .map(([kind, value]): Sample => ({ type: { kind }, value, json: kind, wire: value }))

const primitives: fc.Arbitrary<Sample> = fc.oneof(
  integers('int', -(2n ** 31n), 2n ** 31n - 1n),
  integers('long', -(2n ** 63n), 2n ** 63n - 1n),
  floats('float', fc.float()),
  floats('double', fc.double()),
  decimals,
  instants,
  fc
    .integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    .map((value): Sample => ({ type: { kind: 'date' }, value, json: 'date', wire: value })),
  fc
    .bigInt({ min: 0n, max: 86_399_999_999n })
    .map((value): Sample => ({ type: { kind: 'time' }, value, json: 'time', wire: value })),
  fc.boolean().map((value): Sample => ({ type: { kind: 'boolean' }, value, json: 'boolean', wire: value })),
  fc
    .string({ unit: 'binary' })
    .map((value): Sample => ({ type: { kind: 'string' }, value, json: 'string', wire: value })),
  fc.uint8Array().map(
    (value): Sample => ({
      type: { kind: 'binary' },
      value,
      json: 'binary',
      wire: Buffer.from(value).toString('hex'),
    }),
  ),
)

const nullable = fc
  .tuple(primitives, fc.boolean())
  .map(([sample, isNull]): Sample => (isNull ? { ...sample, value: null, wire: null } : sample))

const lists = nullable.map(
  ({ type, value, json, wire }): Sample => ({
    type: { kind: 'list', elementId: 1, elementRequired: false, element: type },
    value: [value, null, value],
    json: { type: 'list', element: json },
    wire: [wire, null, wire],
  }),
)

const maps = fc.tuple(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 5 }), nullable).map(
  ([keys, { type, value, json, wire }]): Sample => ({
    type: { kind: 'map', keyId: 1, key: { kind: 'string' }, valueId: 2, valueRequired: false, value: type },
    value: new Map(keys.map((key) => [key, value])),
    json: { type: 'map', key: 'string', value: json },
    wire: keys.map((key) => [key, wire]),
  }),
)

const structs = fc.tuple(nullable, lists).map(
  ([a, b]): Sample => ({
    type: { kind: 'struct', fields: [field('b', b.type), field('a', a.type)] },
    value: { a: a.value, b: b.value },
    json: {
      type: 'struct',
      fields: [
        { name: 'b', type: b.json },
        { name: 'a', type: a.json },
      ],
    },
    wire: [b.wire, a.wire],
  }),
)

const columns = fc.uniqueArray(
  fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }), fc.oneof(nullable, lists, maps, structs)),
  { selector: ([name]) => name, minLength: 1, maxLength: 6 },
)

function field(name: string, type: IcebergType): NestedField {
  return { id: 1, name, required: false, type }
}

test('Python and TypeScript write the same canonical rows', () => {
  const rows = fc.sample(columns, 2_000)
  const lines = rows.map((row) =>
    formatExactJson([row.map(([name, { json }]) => ({ name, type: json })), row.map(([, { wire }]) => wire)]),
  )
  const script = fileURLToPath(new URL('canonical_row_lines.py', import.meta.url))
  const { stdout, stderr } = spawnSync('python3', ['-B', '-X', 'utf8', script], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const answers = stdout.split('\n')
  rows.forEach((row, at) => {
    const values = Object.fromEntries(row.map(([name, { value }]) => [name, value]))
    const ours = canonicalRow(
      values,
      row.map(([name, { type }]) => field(name, type)),
    )
    assert.equal(answers[at], ours, `${lines[at]}\n${stderr}`)
  })
})
