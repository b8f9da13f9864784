import assert from 'node:assert/strict'
import { test } from 'node:test'
import { T0 } from '@moraine/management/testing/build'
import { type ErrorKind, isKind, MoraineError } from '@moraine/stdx/error'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { catalogBreakers } from './catalog-breakers.ts'
import type { FindOpened, OpenedCatalog } from './open-catalogs.ts'
import { watchedCalls, watchedCatalogs } from './watched-calls.ts'

const NEVER = () => new Promise<never>(() => {})

function setUp() {
  const clock = virtualClock(T0)
  const told: string[] = []
  const breakers = {
    answered: (catalog: string) => void told.push(`${catalog} answered`),
    unanswered: (catalog: string, reason: string) => void told.push(`${catalog}: ${reason}`),
  }
  return { clock, told, watch: watchedCalls({ breakers, clock }) }
}

const CALL = { catalog: 'far', what: 'loading t', ms: 1000 }

test('what a catalog says is an answer, whatever it says; that it is away or late is none', async () => {
  const { clock, told, watch } = setUp()
  assert.equal(await watch(CALL, async () => 7), 7)
  const kinds: readonly ErrorKind[] = ['not-found', 'permission', 'conflict', 'unavailable', 'timeout']
  for (const kind of kinds) {
    const failing = watch(CALL, async () => Promise.reject(new MoraineError(kind, kind)))
    await assert.rejects(failing, (error) => isKind(error, kind))
  }
  await assert.rejects(clock.run(watch(CALL, NEVER)), (error) => isKind(error, 'timeout'))
  assert.deepEqual(told, [
    ...Array.from({ length: 4 }, () => 'far answered'),
    'far: unavailable',
    'far: timeout',
    'far: loading t did not end within 1000 ms; check the catalog and the network',
  ])
})

test('who gives up first says nothing of the catalog', async () => {
  const { told, watch } = setUp()
  const giving = new AbortController()
  const call = watch({ ...CALL, signal: giving.signal }, NEVER)
  giving.abort()
  await assert.rejects(call, (error) => isKind(error, 'aborted'))
  assert.deepEqual(told, [])
})

test('calls of catalogs that others keep end in time, opening them included; own ones are left as they are', async () => {
  const { clock, told, watch } = setUp()
  const open = (name: string) => ({
    catalog: { name, loadTable: NEVER },
    placement: { type: name === 'lake' ? 'ams' : 'rest' },
  })
  let isStuck = false
  const catalogs = async (name: string) => (isStuck ? NEVER() : (open(name) as unknown as OpenedCatalog))
  const watched = watchedCatalogs(catalogs as unknown as FindOpened, watch)
  const identifier = { namespace: ['a'], name: 't' }
  const far = await watched('far')
  const lake = await watched('lake')
  assert.deepEqual(told, [], 'a catalog that is open says nothing')
  await assert.rejects(
    clock.run(far.catalog.loadTable(identifier)),
    /catalog far: loading t did not end within 120000 ms/,
  )
  isStuck = true
  await assert.rejects(clock.run(watched('far')), /opening catalog far did not end within 120000 ms/)
  assert.equal(told.length, 2)
  let isOver = false
  for (const call of [lake.catalog.loadTable(identifier), watched('lake')]) void call.finally(() => (isOver = true))
  await clock.run(clock.sleep(3_600_000))
  assert.deepEqual([isOver, told.length], [false, 2])
})

test('a wall clock that is set back makes no pause longer', async () => {
  const clock = virtualClock(T0)
  let backMs = 0
  const now = () => (clock.now() - backMs) as typeof T0
  const breakers = catalogBreakers({
    clock: { now, monotonicMs: clock.monotonicMs },
    log: SILENT_LOG,
  })
  for (let calls = 0; calls < 3; calls += 1) breakers.unanswered('far', 'late')
  backMs = 3_600_000
  await clock.run(clock.sleep(10_000))
  assert.equal(breakers.admission('far'), 'one')
})
