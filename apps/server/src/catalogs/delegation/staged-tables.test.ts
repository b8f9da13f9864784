import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { stagedTables } from './staged-tables.ts'

const T = { namespace: ['a'], name: 't' }
const PLACE = { location: 's3://lab/wh/a/t', properties: { 'write.data.path': 's3://other/t' } }

test('a staged table is known by its word, to who staged it, for a day', () => {
  let now = 0
  const tables = stagedTables(new Uint8Array(32).fill(1), { now: () => now as EpochMs })
  const word = tables.seal(T, { ...PLACE, properties: { ...PLACE.properties, note: 'x' } }, 'ann')
  assert.match(word, /^[\w-]+\.[\w-]+$/)
  assert.deepEqual(tables.open(word, T, 'ann'), PLACE)
  assert.equal(tables.open(word, T, 'bob'), undefined)
  assert.equal(tables.open(word, { namespace: ['a'], name: 'u' }, 'ann'), undefined)
  const forged = stagedTables(new Uint8Array(32).fill(2), { now: () => now as EpochMs }).seal(T, PLACE, 'ann')
  const [body = '', mark = ''] = word.split('.')
  for (const wrong of [forged, '', '.', body, `${body}.`, `${body.slice(0, -1)}.${mark}`, `e30.${mark}`])
    assert.equal(tables.open(wrong, T, 'ann'), undefined, wrong)
  now = 24 * 3_600_000
  assert.equal(tables.open(word, T, 'ann'), undefined)
})

test('a word is for one table, also where names have dots, and says of its place what tells where its files go', () => {
  const tables = stagedTables(new Uint8Array(32).fill(1), { now: () => 0 as EpochMs })
  const word = tables.seal({ namespace: ['a', 'b'], name: 'c' }, PLACE, 'ann')
  for (const other of [
    { namespace: ['a.b'], name: 'c' },
    { namespace: ['a'], name: 'b.c' },
  ])
    assert.equal(tables.open(word, other, 'ann'), undefined)
  assert.deepEqual(tables.open(word, { namespace: ['a', 'b'], name: 'c' }, 'ann'), PLACE)
  const paths = { 'write.folder-storage.path': 's3://x/t', 'write.object-storage.path': 's3://y/t' }
  const others = { 'write.some.path': 's3://z', 'write.path': 's3://z' }
  const staged = tables.seal(T, { location: 's3://lab/wh/a/t', properties: { ...paths, ...others } }, 'ann')
  assert.deepEqual(tables.open(staged, T, 'ann')?.properties, paths)
})

test('what an earlier version sealed opens', () => {
  const word =
    'eyJvZiI6WyJbXCJzYWxlc1wiLFwib3JkZXJzXCJdIiwiYW5uIl0sImVuZHNBdCI6ODY0MDEwMDAsInBsYWNlIjp7ImxvY2F0aW9uIjoiczM6Ly9iL3QiLCJwcm9wZXJ0aWVzIjp7IndyaXRlLmRhdGEucGF0aCI6InMzOi8vYi9kIn19fQ.q2Nlar3bIMxm6TcDpQD4pQpBG08ztdDc67agZcf6zT8'
  const earlier = stagedTables(
    Uint8Array.from({ length: 32 }, (_, at) => at),
    { now: () => 2000 as EpochMs },
  )
  const place = { location: 's3://b/t', properties: { 'write.data.path': 's3://b/d' } }
  assert.deepEqual(earlier.open(word, { namespace: ['sales'], name: 'orders' }, 'ann'), place)
  assert.equal(earlier.open(word, { namespace: ['sales'], name: 'orders' }, 'bob'), undefined)
})
