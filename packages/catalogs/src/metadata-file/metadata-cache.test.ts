import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { metadataCache } from './metadata-cache.ts'

const metadata = (location: string) => ({ location }) as TableMetadata

test('what was used least recently goes first, and what is too large stays not at all', () => {
  const cache = metadataCache(10)
  cache.add('a', metadata('a'), 4)
  cache.add('b', metadata('b'), 4)
  assert.equal(cache.find('a')?.location, 'a')
  cache.add('c', metadata('c'), 4)
  assert.equal(cache.find('b'), undefined)
  assert.deepEqual([cache.find('a')?.location, cache.find('c')?.location], ['a', 'c'])
  cache.add('a', metadata('a2'), 6)
  assert.deepEqual([cache.find('a')?.location, cache.find('c')?.location], ['a2', 'c'])
  cache.add('huge', metadata('huge'), 11)
  assert.deepEqual(
    ['a', 'c', 'huge'].map((key) => cache.find(key)?.location),
    ['a2', 'c', undefined],
  )
})
