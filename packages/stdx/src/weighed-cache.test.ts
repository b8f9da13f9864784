import assert from 'node:assert/strict'
import { test } from 'node:test'
import { weighedCache } from './weighed-cache.ts'

const cacheOf = (weightMax: number) => weighedCache<{ readonly weight: number }>(weightMax, ({ weight }) => weight)

test('what was not used for longest goes first', () => {
  const cache = cacheOf(10)
  for (const key of ['a', 'b']) cache.keep(key, { weight: 4 })
  assert.ok(cache.find('a'))
  cache.keep('c', { weight: 4 })
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.find(key) !== undefined),
    [true, false, true],
  )
})

test('a value that replaces another takes its room, and one that is too heavy takes none', () => {
  const cache = cacheOf(10)
  cache.keep('a', { weight: 6 })
  cache.keep('a', { weight: 5 })
  cache.keep('b', { weight: 5 })
  assert.ok(cache.find('a'))
  cache.keep('b', { weight: 11 })
  assert.deepEqual([cache.find('a'), cache.find('b')], [{ weight: 5 }, undefined])
})
