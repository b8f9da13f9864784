import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES } from './error-codes.ts'

test('no failure looks like a success anywhere', () => {
  for (const [kind, { http, exit }] of Object.entries(ERROR_CODES)) {
    assert.ok(http >= 400 && http < 600, kind)
    assert.ok(exit >= 1 && exit <= 4, kind)
  }
})

test('what a script can act on has an exit code of its own', () => {
  const kindsOf = (code: number) =>
    Object.entries(ERROR_CODES).flatMap(([kind, { exit }]) => (exit === code ? [kind] : []))
  assert.deepEqual(kindsOf(2), ['invalid-input'])
  assert.deepEqual(kindsOf(3), ['unavailable', 'timeout'])
  assert.deepEqual(kindsOf(4), ['unauthenticated', 'permission'])
})
