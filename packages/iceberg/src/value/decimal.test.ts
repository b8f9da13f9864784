import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalPrecision, decodeDecimal, encodeDecimal, formatDecimal, parseDecimal } from './decimal.ts'

const unscaledValue = fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n)

test('bytes are the fewest that keep the value and its sign', () => {
  fc.assert(
    fc.property(unscaledValue, (unscaled) => {
      const bytes = encodeDecimal(unscaled)
      assert.equal(decodeDecimal(bytes), unscaled)
      const shorter = BigInt.asIntN(bytes.length * 8 - 8, unscaled)
      assert.ok(bytes.length === 1 || shorter !== unscaled)
    }),
  )
})

test('bytes of known values', () => {
  const hex = (unscaled: bigint) => Buffer.from(encodeDecimal(unscaled)).toString('hex')
  assert.equal(hex(0n), '00')
  assert.equal(hex(-1n), 'ff')
  assert.equal(hex(127n), '7f')
  assert.equal(hex(128n), '0080')
  assert.equal(hex(-128n), '80')
  assert.equal(hex(-129n), 'ff7f')
  assert.equal(hex(1420n), '058c')
  assert.equal(decodeDecimal(new Uint8Array([0xff, 0xff, 0xff, 0x85])), -123n)
})

test('texts keep value and scale', () => {
  fc.assert(
    fc.property(unscaledValue, fc.integer({ min: -40, max: 40 }), (unscaled, scale) => {
      assert.deepEqual(parseDecimal(formatDecimal({ unscaled, scale })), { unscaled, scale })
    }),
  )
})

test('texts are those of BigDecimal', () => {
  const text = (unscaled: bigint, scale: number) => formatDecimal({ unscaled, scale })
  assert.equal(text(1420n, 2), '14.20')
  assert.equal(text(-5n, 2), '-0.05')
  assert.equal(text(0n, 2), '0.00')
  assert.equal(text(2n, -20), '2E+20')
  assert.equal(text(123n, -1), '1.23E+3')
  assert.equal(text(1n, 6), '0.000001')
  assert.equal(text(1n, 7), '1E-7')
  assert.equal(text(0n, 7), '0E-7')
})

test('text that is no decimal is refused', () => {
  for (const text of ['', '-', '.', '1e', '1.2.3', '0x1', 'NaN', ' 1', '1'.repeat(1001), '1e9999999']) {
    assert.equal(parseDecimal(text), undefined, text)
  }
})

test('precision counts digits, not the sign', () => {
  assert.equal(decimalPrecision(-999n), 3)
  assert.equal(decimalPrecision(0n), 1)
})
