import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { parseTransform } from './transform.ts'
import { transformFunction, truncateCodePoints } from './transform-function.ts'

function apply(transform: string, type: PrimitiveType, value: Literal): Literal | null {
  return transformFunction(parseTransform(transform), type)(value)
}

test('truncate rounds down, below zero too', () => {
  assert.equal(apply('truncate[10]', { kind: 'int' }, 1), 0)
  assert.equal(apply('truncate[10]', { kind: 'int' }, -1), -10)
  assert.equal(apply('truncate[10]', { kind: 'int' }, -10), -10)
  assert.equal(apply('truncate[10]', { kind: 'long' }, -1n), -10n)
  assert.equal(apply('truncate[50]', { kind: 'decimal', precision: 9, scale: 2 }, 1065n), 1050n)
  assert.equal(apply('truncate[50]', { kind: 'decimal', precision: 9, scale: 2 }, -5n), -50n)
})

test('truncate wraps at the lower end of the range, as other writers do', () => {
  assert.equal(apply('truncate[10]', { kind: 'int' }, -2147483648), 2147483646)
  assert.equal(apply('truncate[10]', { kind: 'long' }, -(2n ** 63n)), 2n ** 63n - 2n)
})

test('text is cut between code points', () => {
  assert.equal(apply('truncate[3]', { kind: 'string' }, 'iceberg'), 'ice')
  assert.equal(apply('truncate[2]', { kind: 'string' }, '\u{1F9CA}\u{1F3D4}x'), '\u{1F9CA}\u{1F3D4}')
  assert.equal(apply('truncate[3]', { kind: 'string' }, '\u{1F9CA}x'), '\u{1F9CA}x')
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '\u0000', '\uffff', '\u{10000}', '\u{1F9CA}') }),
      fc.integer({ min: 1, max: 12 }),
      (text, count) => {
        assert.equal(truncateCodePoints(text, count), Array.from(text).slice(0, count).join(''))
      },
    ),
  )
})

test('binary is cut in bytes', () => {
  assert.deepEqual(apply('truncate[3]', { kind: 'binary' }, new Uint8Array([1, 2, 3, 4, 5])), new Uint8Array([1, 2, 3]))
})

test('parts of time count from 1970, downwards before it', () => {
  const at = BigInt(Date.UTC(2017, 11, 1, 10, 12, 55)) * 1000n
  assert.equal(apply('year', { kind: 'timestamp' }, at), 47)
  assert.equal(apply('month', { kind: 'timestamp' }, at), 575)
  assert.equal(apply('day', { kind: 'timestamp' }, at), 17_501)
  assert.equal(apply('hour', { kind: 'timestamp' }, at), 420_034)
  for (const kind of ['timestamp', 'timestamptz', 'timestamp_ns', 'timestamptz_ns'] as const) {
    for (const part of ['year', 'month', 'day', 'hour']) {
      assert.equal(apply(part, { kind }, -1n), -1)
      assert.equal(apply(part, { kind }, 0n), 0)
    }
  }
  assert.equal(apply('month', { kind: 'date' }, -31), -1)
  assert.equal(apply('month', { kind: 'date' }, -32), -2)
  assert.equal(apply('year', { kind: 'date' }, -365), -1)
  assert.equal(apply('year', { kind: 'date' }, -366), -2)
  assert.equal(apply('day', { kind: 'date' }, -366), -366)
})

test('buckets are never negative', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), (text, buckets) => {
      const bucket = apply(`bucket[${buckets}]`, { kind: 'string' }, text)
      assert.ok(typeof bucket === 'number' && bucket >= 0 && bucket < buckets)
    }),
  )
  assert.equal(apply('bucket[100]', { kind: 'string' }, 'iceberg'), 89)
})

test('identity and void', () => {
  assert.equal(apply('identity', { kind: 'string' }, 'a'), 'a')
  assert.equal(apply('void', { kind: 'string' }, 'a'), null)
})

test('a value promoted since it was written has the same result', () => {
  assert.equal(apply('bucket[16]', { kind: 'long' }, 34), apply('bucket[16]', { kind: 'int' }, 34))
})

test('what cannot be applied is refused by name', () => {
  assert.throws(
    () => transformFunction(parseTransform('zorder'), { kind: 'int' }),
    (error) => isKind(error, 'unsupported') && error.message === 'transform zorder cannot be applied to int',
  )
  assert.throws(() => transformFunction(parseTransform('hour'), { kind: 'date' }), /hour cannot be applied to date/)
})
