import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildOptimizer, T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { reaper } from './reaper.ts'

const MINUTE_MS = 60_000

/** An optimizer that was heard last at T0, whoever looks after it, and a database that may be away. */
async function setUp() {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const database = { isAway: false }
  const optimizers: typeof raw.optimizers = {
    ...raw.optimizers,
    async listLiveOptimizers(group) {
      if (database.isAway) throw new MoraineError('unavailable', 'the database is away')
      return raw.optimizers.listLiveOptimizers(group)
    },
  }
  const settings = { heartbeatTimeoutMs: MINUTE_MS, ackTimeoutMs: 30_000, executeTimeoutMs: 60 * MINUTE_MS }
  const stores = { ...raw, optimizers }
  const service = reaper({ stores, settings, serviceStartedAt: T0, clock, log: SILENT_LOG })
  await raw.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  await service.start(new AbortController().signal)
  const isThere = async () => (await raw.optimizers.listLiveOptimizers('default')).length === 1
  const pass = (ms: number) => clock.run(clock.sleep(ms))
  return { service, database, isThere, pass }
}

test('an optimizer that is silent is lost after its time', async () => {
  const { service, isThere, pass } = await setUp()
  await pass(MINUTE_MS - 1)
  assert.equal(await isThere(), true)
  await pass(10)
  assert.equal(await isThere(), false)
  await service.stop()
})

test('what could not be recorded while the database was away is nobody’s silence', async () => {
  const { service, database, isThere, pass } = await setUp()
  database.isAway = true
  await pass(5 * MINUTE_MS)
  database.isAway = false
  await pass(MINUTE_MS)
  assert.equal(await isThere(), true, 'its heartbeats are made up for within a minute')
  await pass(2000)
  assert.equal(await isThere(), false, 'and not later')
  await service.stop()
})
