import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { BinaryReader } from './binary-reader.ts'
import { BinaryWriter } from './binary-writer.ts'
import { f, struct } from './struct.ts'
import { anyEverything, everything } from './testing/everything.ts'
import { readTree, writeTree } from './thrift-tree.ts'
import { bool, double, i32, i64, list, map, safeI64, string, type ThriftType } from './thrift-type.ts'

const encode = <T>(type: ThriftType<T>, value: T): Uint8Array => {
  const writer = new BinaryWriter()
  type.write(writer, value)
  return writer.finish()
}
const corrupt = (error: unknown) => isKind(error, 'corrupt')

test('every typed value comes back from the binary protocol, and any tree of it byte for byte', () => {
  fc.assert(
    fc.property(anyEverything, (value) => {
      const bytes = encode(everything, value)
      assert.deepEqual(everything.read(new BinaryReader(bytes)), value)
      const writer = new BinaryWriter()
      writeTree(writer, readTree(new BinaryReader(bytes)))
      assert.deepEqual(writer.finish(), bytes)
    }),
  )
})

test('the bytes are those of the protocol document', () => {
  const one = (type: ThriftType<unknown>, value: unknown) =>
    Buffer.from(encode(struct('One', { v: f(1, type) }), { v: value })).toString('hex')
  assert.equal(one(bool, true), '0200010100')
  assert.equal(one(i32, -2), '080001fffffffe00')
  assert.equal(one(i64, 2n ** 53n + 1n), '0a0001002000000000000100')
  assert.equal(one(safeI64, -1), '0a0001ffffffffffffffff00')
  assert.equal(one(double, 1), '0400013ff000000000000000')
  assert.equal(one(string, 'hi'), '0b000100000002686900')
  assert.equal(one(list(i32), [7]), '0f000108000000010000000700')
  assert.equal(one(map(i32, bool), new Map([[1, true]])), '0d0001080200000001000000010100')
})

test('truncations and flipped bits give a corrupt error or a value, never anything else', () => {
  for (const value of fc.sample(anyEverything, { numRuns: 8, seed: 3 })) {
    const bytes = encode(everything, value)
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => everything.read(new BinaryReader(bytes.subarray(0, length))), corrupt)
    }
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      for (const decode of [
        () => readTree(new BinaryReader(flipped)),
        () => everything.read(new BinaryReader(flipped)),
      ]) {
        try {
          decode()
        } catch (error) {
          assert.ok(corrupt(error), String(error))
        }
      }
    }
  }
})

test('hostile sizes and depths cost nothing', () => {
  for (const hex of [
    '0b00017fffffff',
    '0b0001ffffffff',
    '0f0001027fffffff',
    '0f0001ff00000001',
    '0d00010b0b7fffffff',
    '0d0001000000000001',
    '110001',
  ]) {
    const bytes = Buffer.from(hex, 'hex')
    assert.throws(() => readTree(new BinaryReader(bytes)), corrupt)
    assert.throws(() => struct('S', {}).read(new BinaryReader(bytes)), corrupt)
  }
  assert.throws(() => readTree(new BinaryReader(Buffer.from('0200010200', 'hex'))), /bool 2/)
  const structs = Buffer.alloc(30_000, Buffer.from('0c0001', 'hex'))
  const lists = Buffer.concat([Buffer.from('0f0001', 'hex'), Buffer.alloc(50_000, Buffer.from('0f00000001', 'hex'))])
  for (const bytes of [structs, lists]) {
    assert.throws(() => readTree(new BinaryReader(bytes)), /nested deeper than 64/)
    assert.throws(() => struct('S', {}).read(new BinaryReader(bytes)), /nested deeper than 64/)
  }
})
