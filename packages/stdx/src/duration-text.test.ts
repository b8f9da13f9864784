import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDurationText } from './duration-text.ts'

test('durations are read with Amoro units, as milliseconds without one', () => {
  const read = ['1500', '250ms', '30s', ' 5 min ', '2 Hours', '7d', '0s', '30 seconds', '1sec'].map(parseDurationText)
  assert.deepEqual(read, [1500, 250, 30_000, 300_000, 7_200_000, 604_800_000, 0, 30_000, 1000])
})

test('any other text is none', () => {
  for (const text of ['', 's', '-1s', '1.5h', '1 fortnight', '1h30min', '5m', '99999999999999999d']) {
    assert.equal(parseDurationText(text), undefined, text)
  }
})
