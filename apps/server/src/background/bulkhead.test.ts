import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SHORTEST_PAUSE_MS, UNANSWERED_MAX } from '@moraine/management/catalogs/catalog-breaker'
import { T0 } from '@moraine/management/testing/build'
import { later } from '@moraine/stdx/brand'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { catalogBreakers } from '../catalogs/catalog-breakers.ts'
import { SILENT_LOG } from '../service/log.ts'
import { bulkhead, freePlaces } from './bulkhead.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Work that ends when the test says so. */
function setUp(limit: number) {
  const clock = virtualClock(T0)
  const breakers = catalogBreakers({ clock, log: SILENT_LOG })
  let ends = 0
  const places = bulkhead<string>({ name: 'test', limit, breakers, log: SILENT_LOG, onEnd: () => (ends += 1) })
  const begin = (key: string, catalog: string) => {
    const work = Promise.withResolvers<void>()
    places.start(key, catalog, () => work.promise)
    return async () => {
      work.resolve()
      await settled()
    }
  }
  const fail = () => {
    for (let calls = 0; calls < UNANSWERED_MAX; calls += 1) breakers.unanswered('far', 'no route to host')
  }
  return { clock, breakers, places, begin, fail, ends: () => ends }
}

test('places are free up to the limit, one for a trial, none where a catalog is left alone', () => {
  const told = [0, 1, 2, 3].map((inFlight) =>
    (['any', 'one', 'none'] as const).map((admitted) => freePlaces(inFlight, 2, admitted)).join(),
  )
  assert.deepEqual(told, ['2,1,0', '1,1,0', '0,0,0', '0,0,0'])
})

test('work of one catalog takes no place from others', async () => {
  const { places, begin, ends } = setUp(2)
  const endFirst = begin('f1', 'far')
  begin('f2', 'far')
  assert.deepEqual([places.hasRoom('far'), places.hasRoom('lake'), places.full()], [false, true, ['far']])
  assert.deepEqual([places.has('f1'), places.has('l1')], [true, false])
  const endOther = begin('l1', 'lake')
  await endOther()
  assert.deepEqual([places.has('l1'), ends()], [false, 1])
  await endFirst()
  assert.deepEqual([places.hasRoom('far'), places.full(), ends()], [true, [], 2])
})

test('a catalog that does not answer is left alone, then tried by one piece of work, and free again after an answer', async () => {
  const { clock, breakers, places, begin, fail } = setUp(2)
  fail()
  assert.deepEqual([places.full(), places.nextAt()], [['far'], later(T0, SHORTEST_PAUSE_MS)])
  await clock.run(clock.sleep(SHORTEST_PAUSE_MS))
  assert.deepEqual([places.full(), places.nextAt()], [[], undefined])
  const endSilent = begin('f1', 'far')
  assert.deepEqual([places.hasRoom('far'), places.hasRoom('lake')], [false, true])
  await endSilent()
  assert.equal(places.hasRoom('far'), true, 'it asked nothing: the next may try')
  begin('f2', 'far')
  const heard: string[] = []
  breakers.onAnswer((catalog) => heard.push(catalog))
  breakers.answered('far')
  assert.deepEqual([places.hasRoom('far'), heard, breakers.outages()], [true, ['far'], []])
})

test('a trial that ends after another has begun lets nobody else try', async () => {
  const { clock, breakers, places, begin, fail } = setUp(3)
  fail()
  await clock.run(clock.sleep(SHORTEST_PAUSE_MS))
  const endFirst = begin('f1', 'far')
  breakers.unanswered('far', 'no route to host')
  breakers.hurry('far')
  begin('f2', 'far')
  await endFirst()
  assert.deepEqual([places.hasRoom('far'), breakers.outages()[0]?.calls], [false, UNANSWERED_MAX + 1])
  breakers.keepOnly(new Set(['lake']))
  assert.deepEqual(breakers.outages(), [])
})
