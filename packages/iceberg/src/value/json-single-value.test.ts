import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import type { PrimitiveType } from '../schema/type.ts'
import { encodeJsonSingleValue, jsonSingleValue } from './json-single-value.ts'
import type { Literal } from './literal.ts'

const PLACE = { document: 'test', kind: 'corrupt' } as const

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const finite = { noNaN: true, noDefaultInfinity: true }

const TYPED: readonly (readonly [PrimitiveType, fc.Arbitrary<Literal>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'int' }, fc.integer()],
  [{ kind: 'long' }, int64],
  [{ kind: 'float' }, fc.float(finite)],
  [{ kind: 'double' }, fc.double(finite)],
  [{ kind: 'decimal', precision: 38, scale: 12 }, fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n)],
  [{ kind: 'date' }, fc.integer({ min: -5_000_000, max: 5_000_000 })],
  [{ kind: 'time' }, fc.bigInt(0n, 86_399_999_999n)],
  [{ kind: 'timestamp' }, int64],
  [{ kind: 'timestamptz' }, int64],
  [{ kind: 'timestamp_ns' }, int64],
  [{ kind: 'timestamptz_ns' }, int64],
  [{ kind: 'string' }, fc.string()],
  [{ kind: 'uuid' }, fc.uint8Array({ minLength: 16, maxLength: 16 })],
  [{ kind: 'fixed', length: 3 }, fc.uint8Array({ minLength: 3, maxLength: 3 })],
  [{ kind: 'binary' }, fc.uint8Array()],
]

test('every value is read back', () => {
  for (const [type, values] of TYPED) {
    fc.assert(
      fc.property(values, (value) => {
        const json = formatExactJson(encodeJsonSingleValue(type, value))
        assert.deepEqual(jsonSingleValue(type)(parseExactJson(json, 'test'), PLACE), value)
      }),
    )
  }
})

test('the texts are those of the spec', () => {
  const json = (type: PrimitiveType, value: Literal) => formatExactJson(encodeJsonSingleValue(type, value))
  assert.equal(json({ kind: 'double' }, 1), '1.0')
  assert.equal(json({ kind: 'double' }, 1e21), '1e+21')
  assert.equal(json({ kind: 'double' }, -0), '-0.0')
  assert.equal(json({ kind: 'decimal', precision: 9, scale: 2 }, 1420n), '"14.20"')
  assert.equal(json({ kind: 'decimal', precision: 9, scale: 9 }, -1n), '"-0.000000001"')
  assert.equal(json({ kind: 'date' }, 17_486), '"2017-11-16"')
  assert.equal(json({ kind: 'time' }, 81_068_123_456n), '"22:31:08.123456"')
  assert.equal(json({ kind: 'timestamptz' }, 1_510_871_468_123_456n), '"2017-11-16T22:31:08.123456+00:00"')
  assert.equal(json({ kind: 'timestamp_ns' }, 1_510_871_468_123_456_789n), '"2017-11-16T22:31:08.123456789"')
  assert.equal(json({ kind: 'binary' }, new Uint8Array([0, 1, 2, 255])), '"000102ff"')
})

test('values of other types are refused', () => {
  const cases: readonly (readonly [PrimitiveType, unknown])[] = [
    [{ kind: 'boolean' }, 'true'],
    [{ kind: 'int' }, 2147483648],
    [{ kind: 'long' }, 2n ** 63n],
    [{ kind: 'double' }, '1.0'],
    [{ kind: 'decimal', precision: 3, scale: 2 }, '14.20'],
    [{ kind: 'timestamp' }, '2017-11-16T22:31:08+00:00'],
    [{ kind: 'timestamptz' }, '2017-11-16T22:31:08-08:00'],
    [{ kind: 'timestamp_ns' }, '9999-01-01T00:00:00'],
    [{ kind: 'uuid' }, 'f79c3e09677c4bbda4793f349cb785e7'],
    [{ kind: 'fixed', length: 2 }, '00'],
    [{ kind: 'binary' }, '0'],
    [{ kind: 'binary' }, 'zz'],
    [{ kind: 'geometry' }, 'POINT (30 10)'],
  ]
  for (const [type, value] of cases) {
    assert.throws(
      () => jsonSingleValue(type)(value as never, PLACE),
      (error) => isKind(error, 'corrupt'),
      `${type.kind} ${value}`,
    )
  }
  assert.throws(
    () => encodeJsonSingleValue({ kind: 'double' }, Number.NaN),
    (error) => isKind(error, 'invalid-input'),
  )
})
