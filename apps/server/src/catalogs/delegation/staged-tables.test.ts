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
