import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAvroSchema } from '@moraine/avro/avro-schema'
import { ByteCursor } from '@moraine/avro/byte-cursor'
import { ByteSink } from '@moraine/avro/byte-sink'
import { oracleType } from '@moraine/avro/testing/avsc-oracle'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import type { PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { decimalBytes, partitionAvroRecord } from './partition-avro-type.ts'
import { compilePartitionDecoder } from './partition-decoder.ts'
import { compilePartitionEncoder } from './partition-encoder.ts'

function specOf(types: readonly PrimitiveType[], names: readonly string[] = []): PartitionSpec {
  const fields = types.map((_, at) => ({
    fieldId: 1000 + at,
    sourceIds: [at + 1],
    name: names[at] ?? `p${at}`,
    transform: { kind: 'identity' as const },
  }))
  return { specId: 3, fields }
}

function encode(types: readonly PrimitiveType[], tuple: PartitionTuple): Uint8Array {
  const sink = new ByteSink()
  compilePartitionEncoder(specOf(types), types)(tuple, sink)
  return sink.toBytes()
}

const BYTES = fc.uint8Array({ maxLength: 20 })
const INT64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const SAMPLES: readonly (readonly [PrimitiveType, fc.Arbitrary<Literal>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'int' }, fc.integer()],
  [{ kind: 'long' }, INT64],
  [{ kind: 'float' }, fc.float()],
  [{ kind: 'double' }, fc.double()],
  [{ kind: 'date' }, fc.integer()],
  [{ kind: 'time' }, INT64],
  [{ kind: 'timestamp' }, INT64],
  [{ kind: 'timestamptz' }, INT64],
  [{ kind: 'timestamp_ns' }, INT64],
  [{ kind: 'timestamptz_ns' }, INT64],
  [{ kind: 'string' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'uuid' }, fc.uint8Array({ minLength: 16, maxLength: 16 })],
  [{ kind: 'fixed', length: 5 }, fc.uint8Array({ minLength: 5, maxLength: 5 })],
  [{ kind: 'binary' }, BYTES],
  [{ kind: 'decimal', precision: 9, scale: 2 }, fc.bigInt(-999_999_999n, 999_999_999n)],
  [{ kind: 'decimal', precision: 38, scale: 10 }, fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n)],
]

test('tuples of every type come back, null values too, and avsc reads them', () => {
  const types = SAMPLES.map(([type]) => type)
  const spec = specOf(types)
  const text = JSON.stringify(partitionAvroRecord(spec, types))
  const oracle = oracleType(text)
  const decode = compilePartitionDecoder(parseAvroSchema(text, 'test'), spec, types, 'test')
  const tuples = fc.tuple(...SAMPLES.map(([, values]) => fc.option(values)))
  fc.assert(
    fc.property(tuples, (tuple) => {
      const bytes = encode(types, tuple)
      const cursor = new ByteCursor(bytes, 'test')
      assert.deepEqual(decode(cursor), tuple)
      assert.equal(cursor.position, cursor.end)
      oracle.fromBuffer(Buffer.from(bytes))
    }),
  )
})

test('the Avro types are those of the specification, each fixed type with a name of its own', () => {
  const types: readonly PrimitiveType[] = [
    { kind: 'decimal', precision: 9, scale: 2 },
    { kind: 'decimal', precision: 9, scale: 2 },
    { kind: 'uuid' },
    { kind: 'timestamptz' },
    { kind: 'timestamp_ns' },
    { kind: 'unknown' },
  ]
  const record = partitionAvroRecord(specOf(types, ['a', 'b.c']), types) as {
    fields: { name: string; type: unknown }[]
  }
  assert.deepEqual(
    record.fields.map((field) => field.type),
    [
      ['null', { type: 'fixed', name: 'decimal_9_2', size: 4, logicalType: 'decimal', precision: 9, scale: 2 }],
      ['null', { type: 'fixed', name: 'decimal_9_2_1001', size: 4, logicalType: 'decimal', precision: 9, scale: 2 }],
      ['null', { type: 'fixed', name: 'uuid_fixed', size: 16, logicalType: 'uuid' }],
      ['null', { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true }],
      ['null', { type: 'long', logicalType: 'timestamp-nanos', 'adjust-to-utc': false }],
      'null',
    ],
  )
  assert.deepEqual(record.fields[1], {
    name: 'b_x2Ec',
    type: [
      'null',
      { type: 'fixed', name: 'decimal_9_2_1001', size: 4, logicalType: 'decimal', precision: 9, scale: 2 },
    ],
    default: null,
    'iceberg-field-name': 'b.c',
    'field-id': 1001,
  })
})

test('a decimal takes the least bytes for its precision', () => {
  // Table spec, Appendix A: 4 bytes up to precision 9, 8 up to 18, 16 at 38.
  assert.deepEqual([1, 2, 3, 4, 9, 10, 18, 19, 38].map(decimalBytes), [1, 1, 2, 2, 4, 5, 8, 9, 16])
})

function decodeAs(
  fields: readonly unknown[],
  bytes: readonly number[],
  types: readonly PrimitiveType[],
): PartitionTuple {
  const schema = parseAvroSchema(JSON.stringify({ type: 'record', name: 'r102', fields }), 'm.avro')
  return compilePartitionDecoder(
    schema,
    specOf(types),
    types,
    'm.avro',
  )(new ByteCursor(Uint8Array.from(bytes), 'm.avro'))
}

test('fields are found by id: order and names do not matter, others are skipped', () => {
  const fields = [
    { name: 'x', type: 'int', 'field-id': 1001 },
    { name: 'p0', type: 'string', 'field-id': 999 },
    { name: 'y', type: ['string', 'null'], 'field-id': 1000 },
  ]
  assert.deepEqual(decodeAs(fields, [14, 2, 0x61, 0, 2, 0x62], [{ kind: 'string' }, { kind: 'int' }]), ['b', 7])
})

test('values from before their column was promoted get its present type', () => {
  const cases: readonly (readonly [unknown, number[], PrimitiveType, Literal])[] = [
    ['int', [3], { kind: 'long' }, -2n],
    ['float', [0, 0, 0xc0, 0x3f], { kind: 'double' }, 1.5],
    [{ type: 'int', logicalType: 'date' }, [2], { kind: 'timestamp' }, 86_400_000_000n],
    [{ type: 'int', logicalType: 'date' }, [2], { kind: 'timestamp_ns' }, 86_400_000_000_000n],
    [
      { type: 'fixed', name: 'd', size: 2, logicalType: 'decimal' },
      [0xff, 0xfe],
      { kind: 'decimal', precision: 38, scale: 0 },
      -2n,
    ],
    [{ type: 'bytes', logicalType: 'decimal' }, [4, 1, 0], { kind: 'decimal', precision: 9, scale: 0 }, 256n],
  ]
  for (const [avro, bytes, type, expected] of cases) {
    assert.deepEqual(decodeAs([{ name: 'p', type: avro, 'field-id': 1000 }], bytes, [type]), [expected])
  }
})

test('where the source column is unknown, a value is what the file declares', () => {
  const unknown: PrimitiveType = { kind: 'unknown' }
  assert.deepEqual(decodeAs([{ name: 'p', type: ['null', 'string'], 'field-id': 1000 }], [2, 2, 0x61], [unknown]), [
    'a',
  ])
  assert.deepEqual(decodeAs([{ name: 'p', type: 'null', 'field-id': 1000 }], [], [unknown]), [null])
  assert.deepEqual(decodeAs([], [], [unknown]), [null])
  const decimal = { type: 'fixed', name: 'd', size: 1, logicalType: 'decimal', precision: 2, scale: 1 }
  assert.deepEqual(decodeAs([{ name: 'p', type: decimal, 'field-id': 1000 }], [0xff], [unknown]), [-1n])
})

test('a missing field or one of a wrong type is refused, not taken for null', () => {
  const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)
  assert.throws(
    () => decodeAs([], [], [{ kind: 'int' }]),
    corrupt(/m\.avro: its partitions lack the field "p0" \(1000\)/),
  )
  assert.throws(
    () => decodeAs([{ name: 'p', type: 'string', 'field-id': 1000 }], [0], [{ kind: 'int' }]),
    corrupt(/partition field "p0" is string, which is no int/),
  )
})

test('a tuple that does not fit is refused and named', () => {
  const refused = (pattern: RegExp) => (error: unknown) => isKind(error, 'invalid-input') && pattern.test(error.message)
  assert.throws(() => encode([{ kind: 'int' }], []), refused(/a partition of 0 values does not fit spec 3/))
  assert.throws(() => encode([{ kind: 'int' }], [2 ** 31]), refused(/"p0": 2147483648 does not fit 32 bits/))
  assert.throws(
    () => encode([{ kind: 'fixed', length: 2 }], [new Uint8Array(3)]),
    refused(/"p0" has 3 bytes instead of 2/),
  )
  assert.throws(() => encode([{ kind: 'decimal', precision: 2, scale: 0 }], [128n]), refused(/128 has too many digits/))
  assert.throws(() => encode([{ kind: 'unknown' }], [1]), refused(/no schema of the table has its source column/))
})
