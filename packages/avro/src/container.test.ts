import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import fc from 'fast-check'
import { parseAvroSchema } from './avro-schema.ts'
import type { AvroValue } from './avro-value.ts'
import type { AvroCompression } from './block-codec.ts'
import { ByteCursor } from './byte-cursor.ts'
import { ByteSink } from './byte-sink.ts'
import { openContainer } from './container-reader.ts'
import { ContainerWriter } from './container-writer.ts'
import { anySchema } from './testing/any-schema.ts'
import { oracleReadFile, oracleType, oracleWriteFile, snappyBlock, toOracle } from './testing/avsc-oracle.ts'
import { compileEncoder } from './testing/value-encoder.ts'
import { compileDecoder, decodeValues } from './value-decoder.ts'
import { compileSkipper } from './value-skipper.ts'

const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

function write(
  schemaText: string,
  values: readonly AvroValue[],
  compression?: AvroCompression,
  blockBytes = 64,
): Uint8Array {
  const metadata = [['made-by', 'tést']] as const
  const writer = new ContainerWriter({ schemaText, metadata, blockBytes, ...(compression && { compression }) })
  const encode = compileEncoder(parseAvroSchema(schemaText, 'test'))
  for (const value of values) {
    encode(value, writer.sink)
    writer.endValue()
  }
  return writer.finish()
}

function read(bytes: Uint8Array): AvroValue[] {
  return [...decodeValues(openContainer(bytes, 'a.avro'))]
}

/** Equal but for the prototypes of records and byte arrays. */
function assertSameValues(schemaText: string, actual: readonly AvroValue[], expected: readonly AvroValue[]): void {
  const schema = parseAvroSchema(schemaText, 'test')
  const normal = (values: readonly AvroValue[]) => values.map((value) => toOracle(schema, value))
  assert.deepEqual(normal(actual), normal(expected))
}

test('every value is encoded as avsc encodes it, decoded as it was, and skipped in whole', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { text, values } = anySchema(seed)
      const schema = parseAvroSchema(text, 'test')
      const oracle = oracleType(text)
      const [encode, decode, skip] = [compileEncoder(schema), compileDecoder(schema), compileSkipper(schema)]
      for (const value of values) {
        const sink = new ByteSink()
        encode(value, sink)
        assert.deepEqual(Buffer.from(sink.view()), oracle.toBuffer(toOracle(schema, value)))
        const cursor = new ByteCursor(sink.toBytes(), 'test')
        assertSameValues(text, [decode(cursor)], [value])
        assert.equal(cursor.position, cursor.end)
        cursor.position = 0
        skip(cursor)
        assert.equal(cursor.position, cursor.end)
      }
    }),
    { numRuns: 300 },
  )
})

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'entry',
  fields: [
    { name: 'id', type: 'long', 'field-id': 1 },
    { name: 'path', type: ['null', 'string'], default: null, 'field-id': 2 },
    { name: 'sizes', type: { type: 'array', items: 'int', 'element-id': 4 }, 'field-id': 3 },
  ],
})
const VALUES: readonly AvroValue[] = Array.from({ length: 100 }, (_, index) => ({
  id: 2n ** 62n + BigInt(index),
  path: index % 3 === 0 ? null : `s3://bucket/${index}`,
  sizes: Array.from({ length: index % 5 }, (_unused, item) => item - 2),
}))
const WRITTEN: readonly AvroCompression[] = [
  { codec: 'null' },
  { codec: 'deflate', level: 1 },
  { codec: 'deflate', level: 9 },
  { codec: 'zstandard', level: 3 },
]

for (const compression of WRITTEN) {
  test(`avsc reads what we write with ${JSON.stringify(compression)}, and so do we`, async () => {
    const bytes = write(SCHEMA, VALUES, compression)
    const schema = parseAvroSchema(SCHEMA, 'test')
    const { metadata, values } = await oracleReadFile(bytes)
    assert.equal(metadata['made-by']?.toString(), 'tést')
    assert.equal(metadata['avro.codec']?.toString(), compression.codec)
    assert.deepEqual(
      JSON.stringify(values, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}` : item)),
      JSON.stringify(
        VALUES.map((value) => toOracle(schema, value)),
        (_key, item: unknown) => (typeof item === 'bigint' ? `${item}` : item),
      ),
    )
    assertSameValues(SCHEMA, read(bytes), VALUES)
  })
}

for (const codec of ['null', 'deflate', 'snappy', 'zstandard']) {
  test(`we read what avsc writes with ${codec}`, async () => {
    const schema = parseAvroSchema(SCHEMA, 'test')
    const values = VALUES.map((value) => toOracle(schema, value))
    const bytes = await oracleWriteFile(SCHEMA, values, { codec, blockSize: 200 })
    const container = openContainer(bytes, 'a.avro')
    assert.equal(container.codec, codec)
    assert.ok([...container.blocks()].length > 5)
    assertSameValues(SCHEMA, read(bytes), VALUES)
  })
}

test('a file of any schema round-trips', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { text, values } = anySchema(seed)
      assertSameValues(text, read(write(text, values)), values)
    }),
    { numRuns: 200 },
  )
})

test('a recursive schema round-trips', () => {
  const text = JSON.stringify({
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'value', type: 'int' },
      { name: 'next', type: ['null', 'Node'] },
    ],
  })
  const list: AvroValue = { value: 1, next: { value: 2, next: { value: 3, next: null } } }
  assert.deepEqual(JSON.stringify(read(write(text, [list]))), JSON.stringify([list]))
})

test('the same values give the same bytes', () => {
  assert.deepEqual(write(SCHEMA, VALUES), write(SCHEMA, VALUES))
})

test('a value that does not fit is refused with its path', () => {
  assert.throws(
    () => write(SCHEMA, [{ id: 1n, path: null, sizes: [1, 2.5] }]),
    (error) => isKind(error, 'invalid-input') && error.message.startsWith('record.sizes: a value of type number (2.5)'),
  )
  assert.throws(() => write(SCHEMA, [{ id: 1n, path: null }]), /record\.sizes has no value/)
  assert.throws(() => write(SCHEMA, [{ id: 2n ** 63n, path: null, sizes: [] }]), /does not fit the Avro type long/)
})

test('another codec is unsupported and named', async () => {
  const bytes = Buffer.from(write(SCHEMA, VALUES, { codec: 'deflate', level: 1 }))
  const patched = Buffer.from(bytes.toString('latin1').replace('deflate', 'bzip2xx'), 'latin1')
  assert.throws(
    () => openContainer(patched, 'a.avro'),
    (error) =>
      isKind(error, 'unsupported') && error.message.startsWith('a.avro is compressed with the Avro codec "bzip2xx"'),
  )
})

function fileWithBlock(codec: string, count: number, block: Uint8Array): Uint8Array {
  const writer = new ByteSink()
  writer.writeFixed(Buffer.from('Obj\x01'))
  writer.writeLong(2)
  writer.writeString('avro.schema')
  writer.writeString('"long"')
  writer.writeString('avro.codec')
  writer.writeString(codec)
  writer.writeLong(0)
  writer.writeFixed(new Uint8Array(16))
  writer.writeLong(count)
  writer.writeBytes(block)
  writer.writeFixed(new Uint8Array(16))
  return writer.toBytes()
}

test('damage is named: no magic, no marker, false counts, false checksum, garbage in a block', () => {
  const bytes = write(SCHEMA, VALUES)
  assert.throws(() => read(bytes.subarray(0, 3)), corrupt(/a\.avro is no Avro file/))
  assert.throws(() => read(Uint8Array.of(0, ...bytes.subarray(1))), corrupt(/a\.avro is no Avro file/))
  assert.throws(() => read(bytes.subarray(0, bytes.length - 1)), corrupt(/a\.avro is damaged: block header/))
  const torn = Uint8Array.from(bytes)
  torn.fill(0, torn.length - 1)
  assert.throws(() => read(torn), corrupt(/the marker that ends a block is missing/))
  assert.throws(() => read(fileWithBlock('null', 2, Uint8Array.of(2))), corrupt(/2 items exceed what is left/))
  assert.throws(() => read(fileWithBlock('null', -1, Uint8Array.of())), corrupt(/claims -1 values/))
  assert.throws(() => read(fileWithBlock('null', 1, Uint8Array.of(2, 4))), corrupt(/bytes are left/))
  assert.throws(() => read(fileWithBlock('null', 2, Uint8Array.of(2, 0x80))), corrupt(/value 1, the data end here/))
  assert.throws(() => read(fileWithBlock('deflate', 1, Uint8Array.of(7, 7, 7))), corrupt(/cannot be decompressed/))
  assert.throws(() => read(fileWithBlock('zstandard', 1, Uint8Array.of(7, 7, 7))), corrupt(/cannot be decompressed/))
  const snappy = snappyBlock(Uint8Array.of(2))
  assert.deepEqual(read(fileWithBlock('snappy', 1, snappy)), [1n])
  snappy[snappy.length - 1] = 0
  assert.throws(() => read(fileWithBlock('snappy', 1, snappy)), corrupt(/checksum/))
})

test('a block that inflates beyond the limit is refused', () => {
  const piece = deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: constants.Z_SYNC_FLUSH })
  const bomb = Buffer.concat(Array.from({ length: 300 }, () => piece))
  assert.throws(
    () => read(fileWithBlock('deflate', 1, bomb)),
    (error) => isKind(error, 'unsupported'),
  )
})

test('values without content cannot make an endless loop', () => {
  const bytes = Buffer.from(fileWithBlock('null', 2 ** 40, new Uint8Array(0)))
  const empty = Buffer.from(bytes.toString('latin1').replace('"long"', '"null"'), 'latin1')
  assert.throws(() => read(empty), corrupt(/items without content/))
})

test('a thousand damaged files are read or refused, never a crash', () => {
  const random = seededRandom(11)
  const files = [...WRITTEN.map((compression) => write(SCHEMA, VALUES, compression))]
  let refused = 0
  for (let run = 0; run < 1200; run += 1) {
    const draw = new DataView(random.bytes(12).buffer)
    const original = files[run % files.length] ?? new Uint8Array()
    const damaged = Uint8Array.from(original)
    const at = draw.getUint32(0) % original.length
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (draw.getUint8(4) & 7))
    const length = run % 3 === 0 ? draw.getUint32(8) % original.length : original.length
    try {
      read(damaged.subarray(0, length))
    } catch (error) {
      assert.ok(error instanceof MoraineError, `run ${run}: ${String(error)}`)
      assert.match(error.message, /a\.avro/)
      refused += 1
    }
  }
  assert.ok(refused > 600)
})
