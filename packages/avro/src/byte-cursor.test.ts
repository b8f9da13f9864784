import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { ByteCursor } from './byte-cursor.ts'
import { ByteSink } from './byte-sink.ts'

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const anyInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  ...[7, 14, 21, 27, 28, 29, 30, 31, 35, 42, 49, 53].map((bits) =>
    fc.integer({ min: -3, max: 3 }).map((near) => Math.min(2 ** bits, Number.MAX_SAFE_INTEGER - 3) + near),
  ),
)

const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

function written(write: (sink: ByteSink) => void): ByteCursor {
  const sink = new ByteSink(1)
  write(sink)
  return new ByteCursor(sink.toBytes(), 'test')
}

/** The zigzag varint by the letter of the specification. */
function zigzag(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return bytes
}

test('safe integers are written and read as zigzag varints', () => {
  fc.assert(
    fc.property(anyInteger, fc.boolean(), (magnitude, negative) => {
      const value = negative ? -magnitude : magnitude
      const cursor = written((sink) => sink.writeLong(value))
      assert.deepEqual([...cursor.bytes], zigzag(BigInt(value)))
      assert.equal(cursor.readLong(), value === 0 ? 0 : value)
      assert.equal(cursor.position, cursor.end)
    }),
    { numRuns: 2000 },
  )
})

test('64-bit integers keep all digits', () => {
  fc.assert(
    fc.property(int64, (value) => {
      const cursor = written((sink) => sink.writeBigLong(value))
      assert.deepEqual([...cursor.bytes], zigzag(value))
      assert.equal(cursor.readBigLong(), value)
    }),
  )
})

test('an integer beyond 2^53 is refused as a number and named', () => {
  const cursor = written((sink) => sink.writeBigLong(2n ** 53n))
  cursor.field = 'record_count'
  assert.throws(() => cursor.readLong(), corrupt(/test is damaged: record_count: 9007199254740992 is beyond/))
  assert.equal(written((sink) => sink.writeBigLong(-(2n ** 53n) + 1n)).readLong(), Number.MIN_SAFE_INTEGER)
})

test('an integer padded with empty groups is read, one of more than 64 bits is not', () => {
  const padded = new ByteCursor(Uint8Array.of(0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), 'test')
  assert.equal(padded.readLong(), 1)
  const tooLong = new ByteCursor(new Uint8Array(11).fill(0xff), 'test')
  assert.throws(() => tooLong.readBigLong(), corrupt(/more than 64 bits/))
})

test('an int beyond 32 bits is refused', () => {
  assert.throws(() => written((sink) => sink.writeLong(2 ** 31)).readInt(), corrupt(/2147483648 does not fit 32 bits/))
  assert.equal(written((sink) => sink.writeLong(-(2 ** 31))).readInt(), -(2 ** 31))
})

test('strings round-trip, whatever their characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', size: 'medium' }), (text) => {
      assert.equal(written((sink) => sink.writeString(text)).readString(), text)
    }),
  )
  assert.equal(written((sink) => sink.writeString('a\ufffdb')).readString(), 'a\ufffdb')
})

test('bytes that are no UTF-8 are refused', () => {
  const cursor = written((sink) => sink.writeBytes(Uint8Array.of(0x61, 0xff)))
  assert.throws(() => cursor.readString(), corrupt(/not UTF-8/))
})

test('a length beyond the end is refused before anything is taken', () => {
  assert.throws(() => written((sink) => sink.writeLong(2 ** 40)).readBytes(), corrupt(/exceeds what is left/))
  assert.throws(() => written((sink) => sink.writeLong(-1)).readString(), corrupt(/exceeds what is left/))
})

test('a count of items is checked against what is left', () => {
  assert.throws(() => written((sink) => sink.writeLong(2 ** 40)).readItemCount(1), corrupt(/items exceed/))
  assert.throws(() => written((sink) => sink.writeLong(2 ** 40)).readItemCount(0), corrupt(/items without content/))
})

test('a block of items that carries its size is skipped whole', () => {
  const cursor = written((sink) => {
    sink.writeLong(-1000)
    sink.writeBytes(Uint8Array.of(1, 2, 3))
    sink.writeLong(0)
    sink.writeLong(77)
  })
  cursor.skipItems(1, () => assert.fail('no item is looked at'))
  assert.equal(cursor.readLong(), 77)
})
