import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences, type JsonShape } from './json-shape.ts'

test('a difference is seen wherever it is', () => {
  const shape: JsonShape = { a: ['number|null'], b: { '*': 'string' }, c: { d: 'boolean' } }
  assert.deepEqual(differences(shape, { a: [1, null], b: { x: 'y' }, c: { d: true }, more: 1 }), [])
  assert.deepEqual(differences(shape, { a: ['1'], b: { x: 2 }, c: {} }), [
    '.a[0] is string, not number|null',
    '.b.x is number, not string',
    '.c.d is missing',
  ])
  assert.deepEqual(differences(shape, { a: [], b: [], c: null }), [
    '.a is empty: nothing to compare',
    '.b is list, not object',
    '.c is null, not object',
  ])
})
