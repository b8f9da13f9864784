import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { STALE_PLAN_MS } from '@moraine/management/optimizing/stale-plan'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { later } from '@moraine/stdx/brand'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { settler } from './settler.ts'

async function executing() {
  const stores = memoryStores()
  const { tableId } = await stores.tables.addTable({
    name: { catalog: 'lake', namespace: ['a'], name: 't' },
    format: 'ICEBERG',
    createdAt: T0,
  })
  const table = async () => must(await stores.tables.findTable(tableId), 'the table')
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  await stores.state.apply(beginPlanning(await table(), T0))
  await stores.state.apply(acceptPlan(await table(), buildWork(1), PROCESS_1, T0))
  const status = async () => (await stores.processes.findProcess(PROCESS_1))?.state
  return { stores, table, status }
}

async function runOnce(stores: ReturnType<typeof memoryStores>, now = T0) {
  const service = settler({ stores, clock: virtualClock(now), log: SILENT_LOG })
  await service.start(new AbortController().signal)
  while (service.lastRun() === undefined) await new Promise((resolve) => setImmediate(resolve))
  await service.stop()
}

test('a process whose table was moved away ends, though whoever saw the move could not end it', async () => {
  const { stores, table, status } = await executing()
  await runOnce(stores)
  assert.equal((await status())?.status, 'executing')
  // As a refresher leaves it that dies right after what it saw was recorded.
  const settings = { ...DEFAULT_TABLE_SETTINGS, group: 'etl' }
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation({ metadataLocation: 'v2', settings }), T0))
  await runOnce(stores)
  assert.deepEqual(await status(), {
    status: 'canceled',
    endedAt: T0,
    reason: "the table was moved to group 'etl' (self-optimizing.group)",
  })
  assert.equal((await table()).state.phase, 'idle')
})

test('a plan that nobody took for hours while its table changed is given up', async () => {
  const { stores, table, status } = await executing()
  const late = later(T0, STALE_PLAN_MS)
  await runOnce(stores, late)
  assert.equal((await status())?.status, 'executing', 'the table is as it was')
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation({ metadataLocation: 'v2' }), late))
  await runOnce(stores, late)
  assert.equal((await status())?.status, 'canceled')
  assert.equal((await table()).state.phase, 'idle')
})
