import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canTransform, formatTransform, isSameTransform, parseTransform } from './transform.ts'

test('transforms are read in any case and written as the spec has them', () => {
  for (const text of ['identity', 'year', 'month', 'day', 'hour', 'void', 'bucket[16]', 'truncate[2147483647]']) {
    assert.equal(formatTransform(parseTransform(text)), text)
    assert.equal(formatTransform(parseTransform(text.toUpperCase())), text)
    assert.notEqual(parseTransform(text).kind, 'unknown')
  }
  assert.deepEqual(parseTransform('bucket[16]'), { kind: 'bucket', buckets: 16 })
  assert.deepEqual(parseTransform('Truncate[4]'), { kind: 'truncate', width: 4 })
})

test('what the spec does not know is kept to the letter', () => {
  for (const text of [
    'zorder',
    'bucket',
    'bucket[0]',
    'bucket[-1]',
    'truncate[2147483648]',
    'bucket[1.5]',
    '',
    'Days',
  ]) {
    assert.deepEqual(parseTransform(text), { kind: 'unknown', text })
    assert.equal(formatTransform(parseTransform(text)), text)
  }
})

test('parameters tell transforms apart', () => {
  assert.equal(isSameTransform(parseTransform('bucket[2]'), parseTransform('BUCKET[02]')), true)
  assert.equal(isSameTransform(parseTransform('bucket[2]'), parseTransform('bucket[4]')), false)
  assert.equal(isSameTransform(parseTransform('truncate[2]'), parseTransform('bucket[2]')), false)
  assert.equal(isSameTransform({ kind: 'unknown', text: 'day' }, { kind: 'day' }), false)
})

test('source types follow the spec', () => {
  const allows = (text: string, kind: 'boolean' | 'date' | 'float' | 'time' | 'timestamp_ns' | 'uuid' | 'variant') =>
    canTransform(parseTransform(text), { kind })
  assert.equal(allows('bucket[2]', 'uuid'), true)
  assert.equal(allows('bucket[2]', 'time'), true)
  assert.equal(allows('bucket[2]', 'float'), false)
  assert.equal(allows('truncate[2]', 'uuid'), false)
  assert.equal(allows('hour', 'date'), false)
  assert.equal(allows('day', 'date'), true)
  assert.equal(allows('hour', 'timestamp_ns'), true)
  assert.equal(allows('identity', 'boolean'), true)
  assert.equal(allows('identity', 'variant'), false)
  assert.equal(allows('void', 'variant'), true)
})
