import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExpiry } from './expiry.ts'

test('a day is its beginning in UTC; a time says its zone', () => {
  assert.equal(parseExpiry('2030-01-31'), Date.UTC(2030, 0, 31))
  assert.equal(parseExpiry('2030-01-31T18:00Z'), Date.UTC(2030, 0, 31, 18))
  assert.equal(parseExpiry('2030-01-31T18:00:30+02:00'), Date.UTC(2030, 0, 31, 16, 0, 30))
})

for (const wrong of [
  '',
  'tomorrow',
  '90d',
  '2030',
  '2030-02-31',
  '2030-13-01',
  '2030-01-31T18:00',
  '2030-01-31T25:00Z',
]) {
  test(`no moment: '${wrong}'`, () => {
    assert.throws(() => parseExpiry(wrong), { kind: 'invalid-input', message: /as in 2030-01-31 or/ })
  })
}
