import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { decodeSnappy } from './snappy.ts'

const decode = (...bytes: number[]) => decodeSnappy(Uint8Array.from(bytes), 1 << 20, 'a.avro').toString('latin1')
const corrupt = (error: unknown) => isKind(error, 'corrupt')

test('literals and the three kinds of copies', () => {
  assert.equal(decode(0), '')
  assert.equal(decode(3, 2 << 2, 0x61, 0x62, 0x63), 'abc')
  // copy with one byte of offset: length 4 to 11, offset up to 2047
  assert.equal(decode(8, 3 << 2, 0x61, 0x62, 0x63, 0x64, 1, 4), 'abcdabcd')
  // copy with two bytes of offset; it overlaps what it writes
  assert.equal(decode(13, 0, 0x7a, (11 << 2) | 2, 1, 0), 'z'.repeat(13))
  // copy with four bytes of offset
  assert.equal(decode(4, 1 << 2, 0x61, 0x62, (1 << 2) | 3, 2, 0, 0, 0), 'abab')
})

test('a literal of more than 60 bytes has its length in the bytes after the tag', () => {
  const text = 'x'.repeat(300)
  assert.equal(decode(0xac, 0x02, 61 << 2, 43, 1, ...Buffer.from(text)), text)
})

test('false lengths and offsets are refused', () => {
  assert.throws(() => decode(), corrupt)
  assert.throws(() => decode(3, 2 << 2, 0x61), corrupt)
  assert.throws(() => decode(2, 2 << 2, 0x61, 0x62, 0x63), corrupt)
  assert.throws(() => decode(4, 2 << 2, 0x61, 0x62, 0x63), corrupt)
  assert.throws(() => decode(8, 3 << 2, 0x61, 0x62, 0x63, 0x64, 1, 5), corrupt)
  assert.throws(() => decode(8, 3 << 2, 0x61, 0x62, 0x63, 0x64, 1, 0), corrupt)
  assert.throws(
    () => decode(0xff, 0xff, 0xff, 0xff, 0x0f, 0),
    (error) => isKind(error, 'unsupported'),
  )
  assert.throws(() => decode(0xff, 0xff, 0x03, 0), corrupt)
})

test('noise is decoded or refused, never a crash', () => {
  const random = seededRandom(7)
  for (let run = 0; run < 2000; run += 1) {
    try {
      decodeSnappy(random.bytes(run % 64), 1 << 20, 'noise')
    } catch (error) {
      assert.ok(error instanceof MoraineError)
    }
  }
})
