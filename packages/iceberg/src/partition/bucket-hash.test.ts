import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { bucketHash } from './bucket-hash.ts'
import { murmur3 } from './murmur3.ts'

const MICROS = 1_510_871_468_000_000n
const UUID = Buffer.from('f79c3e09677c4bbda4793f349cb785e7', 'hex')
const FOUR_BYTES = new Uint8Array([0, 1, 2, 3])

// Table spec, Appendix B.
const VECTORS: readonly (readonly [PrimitiveType, Literal, number])[] = [
  [{ kind: 'int' }, 34, 2017239379],
  [{ kind: 'long' }, 34n, 2017239379],
  [{ kind: 'decimal', precision: 9, scale: 2 }, 1420n, -500754589],
  [{ kind: 'date' }, 17_486, -653330422],
  [{ kind: 'time' }, 81_068_000_000n, -662762989],
  [{ kind: 'timestamp' }, MICROS, -2047944441],
  [{ kind: 'timestamp' }, MICROS + 1n, -1207196810],
  [{ kind: 'timestamptz' }, MICROS, -2047944441],
  [{ kind: 'timestamptz' }, MICROS + 1n, -1207196810],
  [{ kind: 'timestamp_ns' }, MICROS * 1000n, -2047944441],
  [{ kind: 'timestamp_ns' }, (MICROS + 1n) * 1000n + 1n, -1207196810],
  [{ kind: 'timestamptz_ns' }, MICROS * 1000n, -2047944441],
  [{ kind: 'timestamptz_ns' }, (MICROS + 1n) * 1000n + 1n, -1207196810],
  [{ kind: 'string' }, 'iceberg', 1210000089],
  [{ kind: 'uuid' }, UUID, 1488055340],
  [{ kind: 'fixed', length: 4 }, FOUR_BYTES, -188683207],
  [{ kind: 'binary' }, FOUR_BYTES, -188683207],
  [{ kind: 'boolean' }, true, 1392991556],
  [{ kind: 'float' }, 1, -142385009],
  [{ kind: 'float' }, -0, 1669671676],
  [{ kind: 'double' }, 1, -142385009],
  [{ kind: 'double' }, 0, 1669671676],
  [{ kind: 'double' }, -0, 1669671676],
]

test('hashes are those of the spec', () => {
  for (const [type, value, expected] of VECTORS) {
    assert.equal(bucketHash(type, value), expected, `${type.kind} ${value}`)
  }
})

test('nanoseconds before 1970 fall to the microsecond below', () => {
  assert.equal(bucketHash({ kind: 'timestamp_ns' }, -1n), bucketHash({ kind: 'timestamp' }, -1n))
})

// From the reference vectors of the algorithm: every length of the last block, bytes with the high bit set.
test('the hash itself', () => {
  assert.equal(murmur3(new Uint8Array(0)), 0)
  assert.equal(murmur3(new Uint8Array([0xff, 0xff, 0xff, 0xff])) >>> 0, 0x76293b50)
  assert.equal(murmur3(new Uint8Array([0x21, 0x43, 0x65, 0x87])) >>> 0, 0xf55b516b)
  assert.equal(murmur3(new Uint8Array([0x21, 0x43, 0x65])) >>> 0, 0x7e4a8634)
  assert.equal(murmur3(new Uint8Array([0x21, 0x43])) >>> 0, 0xa0f7b07a)
  assert.equal(murmur3(new Uint8Array([0x21])) >>> 0, 0x72661cf4)
  assert.equal(murmur3(new Uint8Array(4)) >>> 0, 0x2362f9de)
})
