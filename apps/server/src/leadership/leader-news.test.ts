import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import { at, T0 } from '@moraine/management/testing/build'
import { newsOf, newsToTell } from './leader-news.ts'

const outage = { catalog: 'far', since: T0, calls: 4, reason: 'connect ECONNREFUSED', tryAt: at(10_000) }
const NOTHING = { tableIds: [], catalogs: [] }

test('what the leader knows is told with how it is reached, and believed by the others', () => {
  const told = newsToTell([outage], { tableIds: [7], catalogs: ['shut'] })
  const { outages, isWithheld } = newsOf({ url: 'http://a:1630', ...told })
  assert.deepEqual(outages(), [outage])
  assert.equal(isWithheld({ tableId: 7 as TableId, catalog: 'well' }), true)
  assert.equal(isWithheld({ tableId: 8 as TableId, catalog: 'shut' }), true)
  assert.equal(isWithheld({ tableId: 8 as TableId, catalog: 'well' }), false)
})

test('nothing is told while all is well, and nothing is heard of a server that tells nothing', () => {
  assert.deepEqual(newsToTell([], NOTHING), {})
  const { outages, isWithheld } = newsOf({ url: 'http://a:1630' })
  assert.deepEqual([outages(), isWithheld({ tableId: 7 as TableId, catalog: 'far' })], [[], false])
})

test('news of a lake that is away as a whole stay short', () => {
  const outages = Array.from({ length: 5000 }, (_, each) => ({
    ...outage,
    catalog: `c${each}`,
    reason: 'x'.repeat(9000),
  }))
  const tableIds = Array.from({ length: 50_000 }, (_, each) => each)
  const told = newsToTell(outages, { tableIds, catalogs: outages.map(({ catalog }) => catalog) })
  assert.ok(JSON.stringify(told).length < 64 * 1024)
  assert.equal(newsOf(told).outages().length, 100)
})
