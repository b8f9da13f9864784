import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES } from './error-codes.ts'

test('no failure looks like a success anywhere', () => {
  for (const [kind, { http, exit }] of Object.entries(ERROR_CODES)) {
    assert.ok(http >= 400 && http < 600, kind)
    assert.ok(exit === 1 || exit === 2, kind)
  }
})

test('only wrong usage exits with 2', () => {
  const wrongUsage = Object.entries(ERROR_CODES).filter(([, { exit }]) => exit === 2)
  assert.deepEqual(
    wrongUsage.map(([kind]) => kind),
    ['invalid-input'],
  )
})
