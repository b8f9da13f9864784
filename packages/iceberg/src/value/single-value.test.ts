import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import fc from 'fast-check'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from './literal.ts'
import { decodeSingleValue, encodeSingleValue } from './single-value.ts'

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)

const TYPED: readonly (readonly [PrimitiveType, fc.Arbitrary<Literal>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'int' }, fc.integer()],
  [{ kind: 'date' }, fc.integer()],
  [{ kind: 'float' }, fc.float()],
  [{ kind: 'double' }, fc.double()],
  [{ kind: 'long' }, int64],
  [{ kind: 'time' }, int64],
  [{ kind: 'timestamp' }, int64],
  [{ kind: 'timestamptz' }, int64],
  [{ kind: 'timestamp_ns' }, int64],
  [{ kind: 'timestamptz_ns' }, int64],
  [{ kind: 'decimal', precision: 38, scale: 2 }, fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n)],
  [{ kind: 'string' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'uuid' }, fc.uint8Array({ minLength: 16, maxLength: 16 })],
  [{ kind: 'fixed', length: 3 }, fc.uint8Array({ minLength: 3, maxLength: 3 })],
  [{ kind: 'binary' }, fc.uint8Array()],
]

test('every value is read back', () => {
  for (const [type, values] of TYPED) {
    fc.assert(
      fc.property(values, (value) => {
        assert.deepEqual(decodeSingleValue(type, encodeSingleValue(type, value)), value)
      }),
    )
  }
})

test('the bytes are those of the spec', () => {
  const hex = (type: PrimitiveType, value: Literal) => Buffer.from(encodeSingleValue(type, value)).toString('hex')
  assert.equal(hex({ kind: 'boolean' }, true), '01')
  assert.equal(hex({ kind: 'int' }, 34), '22000000')
  assert.equal(hex({ kind: 'long' }, -1n), 'ffffffffffffffff')
  assert.equal(hex({ kind: 'float' }, 1), '0000803f')
  assert.equal(hex({ kind: 'double' }, -0), '0000000000000080')
  assert.equal(hex({ kind: 'decimal', precision: 9, scale: 2 }, 1420n), '058c')
  assert.equal(hex({ kind: 'string' }, 'é'), 'c3a9')
})

test('bounds written before a promotion are read by their length', () => {
  const four = encodeSingleValue({ kind: 'int' }, -7)
  assert.equal(decodeSingleValue({ kind: 'long' }, four), -7n)
  assert.equal(decodeSingleValue({ kind: 'timestamp' }, four), -7n * 86_400_000_000n)
  assert.equal(decodeSingleValue({ kind: 'timestamp_ns' }, four), -7n * 86_400_000_000_000n)
  assert.equal(decodeSingleValue({ kind: 'double' }, encodeSingleValue({ kind: 'float' }, 0.5)), 0.5)
})

test('arbitrary bytes are a value or corrupt', () => {
  const types = fc.constantFrom(...TYPED.map(([type]) => type))
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 40 }), (type, bytes) => {
      try {
        decodeSingleValue(type, bytes)
      } catch (error) {
        assert.ok(error instanceof MoraineError && error.kind === 'corrupt')
      }
    }),
  )
  assert.throws(() => decodeSingleValue({ kind: 'long' }, new Uint8Array(7)), /type long has 7 bytes/)
  assert.throws(() => decodeSingleValue({ kind: 'string' }, new Uint8Array([0xff])), /not UTF-8/)
})

test('values that do not fit are refused', () => {
  assert.throws(
    () => encodeSingleValue({ kind: 'int' }, 2 ** 31),
    (error) => isKind(error, 'invalid-input'),
  )
  assert.throws(
    () => encodeSingleValue({ kind: 'long' }, 2n ** 63n),
    (error) => isKind(error, 'invalid-input'),
  )
  assert.throws(
    () => encodeSingleValue({ kind: 'variant' }, 1),
    (error) => isKind(error, 'unsupported'),
  )
})
