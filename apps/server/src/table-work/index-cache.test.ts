import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileIndex } from '@moraine/maintenance/plan/file-index'
import { EMPTY_INDEX } from '@moraine/maintenance/table/advance-index'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { indexCache } from './index-cache.ts'

// Deletes are what is simplest to have many of; each counts some 1.5 KB.
const index = (deletes: number): FileIndex => ({
  ...EMPTY_INDEX,
  deletes: Array.from({ length: deletes }, (_, at) => manifestEntry(1, { filePath: `/t/${at}` })),
})

test('the indexes not used for longest go when there is no room', () => {
  const cache = indexCache(25_000)
  const [a, b, c] = [index(6), index(6), index(6)]
  cache.keep('a', a)
  cache.keep('b', b)
  assert.equal(cache.find('a'), a)
  cache.keep('c', c)
  assert.deepEqual([cache.find('a'), cache.find('b'), cache.find('c')], [a, EMPTY_INDEX, c])
})

test('a newer index takes the place of the older one; one that is too large is not kept', () => {
  const cache = indexCache(25_000)
  const [older, newer] = [index(10), index(12)]
  cache.keep('a', older)
  cache.keep('a', newer)
  assert.equal(cache.find('a'), newer)
  cache.keep('a', index(100))
  assert.equal(cache.find('a'), EMPTY_INDEX)
})
