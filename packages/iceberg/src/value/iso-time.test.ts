import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  floorDiv,
  formatIsoDate,
  formatIsoTime,
  formatIsoTimestamp,
  parseIsoDate,
  parseIsoTime,
  parseIsoTimestamp,
  type TimeUnit,
  utcTimestamp,
} from './iso-time.ts'

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)

test('every timestamp of 64 bits is read back from its text', () => {
  fc.assert(
    fc.property(int64, fc.constantFrom<TimeUnit>('micros', 'nanos'), (value, unit) => {
      assert.deepEqual(parseIsoTimestamp(formatIsoTimestamp(value, unit), unit), { local: value })
    }),
  )
})

test('milliseconds agree with the platform', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const parsed = parseIsoTimestamp(date.toISOString())
      assert.ok(parsed)
      assert.equal(utcTimestamp(parsed), BigInt(date.getTime()) * 1000n)
    }),
  )
})

test('dates and times have the text of the reference implementation', () => {
  assert.equal(formatIsoDate(17_486), '2017-11-16')
  assert.equal(formatIsoDate(-1), '1969-12-31')
  assert.equal(formatIsoDate(2_932_897), '+10000-01-01')
  assert.equal(formatIsoTime(81_068_000_000n), '22:31:08')
  assert.equal(formatIsoTime(81_068_123_400n), '22:31:08.1234')
  assert.equal(formatIsoTimestamp(-1n), '1969-12-31T23:59:59.999999')
  assert.equal(formatIsoTimestamp(-1n, 'nanos'), '1969-12-31T23:59:59.999999999')
})

test('zones are applied', () => {
  const parsed = parseIsoTimestamp('2017-11-16T14:31:08.000001-08:00')
  assert.deepEqual(parsed, { local: 1_510_842_668_000_001n, offsetSeconds: -28_800 })
  assert.equal(parsed && utcTimestamp(parsed), 1_510_871_468_000_001n)
  assert.equal(parseIsoTimestamp('2024-01-01 00:00:00Z')?.offsetSeconds, 0)
  assert.equal(parseIsoTimestamp('2024-01-01T00:00')?.offsetSeconds, undefined)
})

test('what is not a date or time is refused', () => {
  for (const text of ['', '2024-2-1', '2024-02-30', '24-01-01', '2024-01-01T', 'x2024-01-01']) {
    assert.equal(parseIsoDate(text), undefined, text)
  }
  for (const text of ['24:00', '12:60', '12:00:60', '12', '12:00:00.', '12:00:00.1234567890', '1:00']) {
    assert.equal(parseIsoTime(text), undefined, text)
  }
  for (const text of ['2024-01-01', '2024-01-01T25:00', '2024-01-01T00:00+25:00', '2024-01-01T00:00 UTC']) {
    assert.equal(parseIsoTimestamp(text), undefined, text)
  }
})

test('division rounds down', () => {
  fc.assert(
    fc.property(int64, fc.bigInt(1n, 2n ** 40n), (value, divisor) => {
      const quotient = floorDiv(value, divisor)
      const remainder = value - quotient * divisor
      assert.ok(remainder >= 0n && remainder < divisor)
    }),
  )
})
