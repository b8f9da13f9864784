import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { f, struct } from './struct.ts'
import { anyEverything, everything, point } from './testing/everything.ts'
import {
  decodeCompactTree,
  encodeCompactTree,
  findField,
  i64Value,
  structOf,
  type ThriftStruct,
  type ThriftValue,
  textValue,
  withFields,
} from './thrift-tree.ts'
import {
  bool,
  decodeCompact,
  double,
  encodeCompact,
  i8,
  i32,
  i64,
  list,
  map,
  safeI64,
  string,
  type ThriftType,
} from './thrift-type.ts'
import { WireType } from './wire-type.ts'

test('every typed value comes back from the compact protocol', () => {
  fc.assert(
    fc.property(anyEverything, fc.option(fc.string()), (value, note) => {
      const full = note === null ? value : { ...value, note, late: true }
      assert.deepEqual(decodeCompact(everything, encodeCompact(everything, full)), full)
    }),
  )
})

test('a tree made from a typed value is written back byte for byte', () => {
  fc.assert(
    fc.property(anyEverything, (value) => {
      const bytes = encodeCompact(everything, value)
      assert.deepEqual(encodeCompactTree(decodeCompactTree(bytes)), bytes)
    }),
  )
})

test('the bytes are those of the protocol document', () => {
  const one = (type: ThriftType<unknown>, value: unknown, id = 1) =>
    Buffer.from(encodeCompact(struct('One', { v: f(id, type) }), { v: value })).toString('hex')
  assert.equal(one(bool, true), '1100')
  assert.equal(one(bool, false), '1200')
  assert.equal(one(i32, -1), '150100')
  assert.equal(one(i32, 300), '15d80400')
  assert.equal(one(i32, 1, 16), '05200200')
  assert.equal(one(i64, -(2n ** 63n)), '16ffffffffffffffffff0100')
  assert.equal(one(double, 1), '17000000000000f03f00')
  assert.equal(one(string, 'hi'), '1802686900')
  assert.equal(one(list(i32), [1, 2]), '1925020400')
  assert.equal(one(list(bool), [true, false]), '1921010200')
  assert.equal(one(list(i8), new Array(15).fill(0)), `19f30f${'00'.repeat(15)}00`)
  assert.equal(one(map(i32, i32), new Map([[1, 1]])), '1b0155020200')
  assert.equal(one(map(i32, i32), new Map()), '1b0000')
})

test('numbers beyond 2^53 are refused where a number is declared, and exact where a bigint is', () => {
  const wide = struct('Wide', { v: f(1, i64) })
  const narrow = struct('Narrow', { v: f(1, safeI64) })
  for (const v of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, 2n ** 53n + 1n]) {
    const bytes = encodeCompact(wide, { v })
    assert.equal(decodeCompact(wide, bytes).v, v)
    assert.throws(
      () => decodeCompact(narrow, bytes),
      (error) => isKind(error, 'corrupt'),
    )
  }
  for (const v of [2n ** 53n - 1n, -(2n ** 53n) + 1n, 0n, -1n, 2n ** 32n, -(2n ** 32n)]) {
    const bytes = encodeCompact(wide, { v })
    assert.equal(decodeCompact(narrow, bytes).v, Number(v))
    assert.deepEqual(encodeCompact(narrow, { v: Number(v) }), bytes)
  }
})

test('values that do not fit are refused before they are written', () => {
  const invalid = (error: unknown) => isKind(error, 'invalid-input')
  assert.throws(() => encodeCompact(struct('S', { v: f(1, i8) }), { v: 128 }), invalid)
  assert.throws(() => encodeCompact(struct('S', { v: f(1, i32) }), { v: 2 ** 31 }), invalid)
  assert.throws(() => encodeCompact(struct('S', { v: f(1, i32) }), { v: 1.5 }), invalid)
  assert.throws(() => encodeCompact(struct('S', { v: f(1, i64) }), { v: 2n ** 63n }), invalid)
})

test('unknown fields are skipped; missing, doubled and mistyped ones are named', () => {
  const bytes = encodeCompact(everything, fc.sample(anyEverything, { numRuns: 1, seed: 7 })[0] as never)
  assert.deepEqual(decodeCompact(struct('Nothing', {}), bytes), {})
  const message = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)
  assert.throws(() => decodeCompact(point, Uint8Array.of(0x15, 2, 0)), message(/Point\.y is missing/))
  assert.throws(() => decodeCompact(point, Uint8Array.of(0x15, 2, 0x05, 2, 2, 0)), message(/Point\.x occurs twice/))
  assert.throws(() => decodeCompact(point, Uint8Array.of(0x18, 0, 0)), message(/Point\.x is of type binary/))
})

test('a string that is not UTF-8 is corrupt; one with a real replacement character is not', () => {
  const named = struct('Named', { name: f(1, string) })
  assert.equal(decodeCompact(named, encodeCompact(named, { name: 'a\ufffdb' })).name, 'a\ufffdb')
  assert.throws(
    () => decodeCompact(named, Uint8Array.of(0x18, 1, 0xff, 0)),
    (error) => isKind(error, 'corrupt'),
  )
})

test('withFields replaces, inserts in the order of ids, and removes', () => {
  const before = structOf({ 5: i64Value(5), 2: textValue('two') })
  const after = withFields(before, { 3: i64Value(3), 5: undefined, 2: textValue('zwei') })
  assert.deepEqual(
    after.fields.map((field) => field.id),
    [2, 3],
  )
  assert.deepEqual(findField(after, 2), textValue('zwei'))
  assert.deepEqual(findField(before, 5), i64Value(5))
})

const { value: anyTreeValue } = fc.letrec<{ value: ThriftValue; struct: ThriftStruct }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('i32' as const), value: fc.integer() }),
    fc.record({ type: fc.constant('i64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ type: fc.constant('double' as const), value: fc.uint8Array({ minLength: 8, maxLength: 8 }) }),
    fc.record({ type: fc.constant('binary' as const), value: fc.uint8Array() }),
    tie('struct'),
    fc
      .array(tie('struct'))
      .map((elements) => ({ type: 'list' as const, elementType: WireType.struct, elements }) as ThriftValue),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 400 }), tie('value')), { selector: ([id]) => id, maxLength: 6 })
    .map((fields) => ({ type: 'struct', fields: fields.map(([id, value]) => ({ id, value })) }) as ThriftStruct),
}))

test('any tree comes back, whatever the order of its fields', () => {
  fc.assert(
    fc.property(anyTreeValue, (value) => {
      const tree: ThriftStruct = { type: 'struct', fields: [{ id: 9, value }] }
      const bytes = encodeCompactTree(tree)
      assert.deepEqual(encodeCompactTree(decodeCompactTree(bytes)), bytes)
    }),
  )
})

test('truncations and flipped bits give a corrupt error or a value, never anything else', () => {
  const sample = fc.sample(anyEverything, { numRuns: 20, seed: 1 })
  for (const value of sample) {
    const bytes = encodeCompact(everything, value)
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length)
      assert.throws(
        () => decodeCompactTree(cut),
        (error) => isKind(error, 'corrupt'),
      )
    }
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      for (const decode of [() => decodeCompactTree(flipped), () => decodeCompact(everything, flipped)]) {
        try {
          decode()
        } catch (error) {
          assert.ok(isKind(error, 'corrupt'), String(error))
        }
      }
    }
  }
})

test('hostile sizes and depths cost nothing', () => {
  const corrupt = (error: unknown) => isKind(error, 'corrupt')
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f]
  for (const bytes of [
    [0x18, ...huge],
    [0x19, 0xfc, ...huge],
    [0x1b, ...huge, 0x55],
    [0x16, ...new Array(10).fill(0xff), 0],
    [0x1d, 1, 2],
    [0x1e, 0],
  ]) {
    assert.throws(() => decodeCompactTree(Uint8Array.from(bytes)), corrupt)
    assert.throws(() => decodeCompact(struct('S', {}), Uint8Array.from(bytes)), corrupt)
  }
  const structs = new Uint8Array(100_000).fill(0x1c)
  const lists = new Uint8Array(100_000).fill(0x19)
  for (const bytes of [structs, lists]) {
    assert.throws(() => decodeCompactTree(bytes), /nested deeper than 64/)
    assert.throws(() => decodeCompact(struct('S', {}), bytes), /nested deeper than 64/)
  }
  const manyEmpty = Buffer.concat([
    Uint8Array.of(0x19, 0xfc, 0x80, 0x80, 0x04),
    new Uint8Array(65_536),
    Uint8Array.of(0),
  ])
  const limits = { maxDepth: 8, maxElements: 1000 }
  assert.throws(() => decodeCompactTree(manyEmpty, 0, limits), /more than 1000 container elements/)
})
