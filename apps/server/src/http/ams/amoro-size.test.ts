import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amoroSize } from './amoro-size.ts'

test('sizes are written as in recorded answers of Amoro', () => {
  const recorded = { 0: '0.00B', 860: '860.00B', 2174: '2.12KB', 8784: '8.58KB', 21773: '21.26KB', 45872219: '43.75MB' }
  for (const [bytes, text] of Object.entries(recorded)) assert.equal(amoroSize(Number(bytes)), text)
  assert.equal(amoroSize(2 ** 40), '1.00TB')
})
