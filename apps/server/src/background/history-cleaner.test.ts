import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideCancel } from '@moraine/management/optimizing/settle-process'
import type { StateChange } from '@moraine/management/store/state-change'
import { buildOptimizer, PROCESS_1, PROCESS_2, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { startProcess } from '@moraine/testkit/conformance/stores/store-steps'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { loadOpenProcess } from '../changes/load-open-process.ts'
import { SILENT_LOG } from '../service/log.ts'
import { historyCleaner } from './history-cleaner.ts'

const HOUR = 3_600_000
const TABLE = { catalog: 'lake', namespace: ['a'], name: 't' }

/** Cleans once, at a time. */
async function clean(stores: ReturnType<typeof memoryStores>, now: EpochMs) {
  const cleaner = historyCleaner({
    ...{ stores, clock: virtualClock(now), log: SILENT_LOG },
    ...{ keepMs: 48 * HOUR, intervalMs: HOUR, reportKeepMs: 12 * HOUR },
  })
  await cleaner.start(new AbortController().signal)
  while (cleaner.lastRun() === undefined) await new Promise((resolve) => setImmediate(resolve))
  await cleaner.stop()
  return cleaner.lastRun()
}

test('processes go with their tasks once they ended long enough ago, and none that runs', async () => {
  const stores = memoryStores()
  await startProcess(stores, 'ended', PROCESS_1, 2)
  await startProcess(stores, 'runs', PROCESS_2, 1)
  const open = must(await loadOpenProcess(stores, PROCESS_1), 'the process')
  const decision = decideCancel(open, 'a person asked', T0)
  assert.ok(decision.kind === 'canceled')
  await stores.state.apply(decision.changes)
  await clean(stores, later(T0, 47 * HOUR))
  assert.ok(await stores.processes.findProcess(PROCESS_1))
  await clean(stores, later(T0, 49 * HOUR))
  assert.equal(await stores.processes.findProcess(PROCESS_1), undefined)
  assert.deepEqual(await stores.tasks.pageTasks(PROCESS_1, { offset: 0, limit: 9 }), [])
  assert.ok(await stores.processes.findProcess(PROCESS_2))
})

test('of reports, however many, those that are old go', async () => {
  const stores = memoryStores()
  const report = (at: number) => ({
    ...{ reportId: `r${at}`, table: TABLE, kind: 'scan' as const, snapshotId: 1n, principal: 'etl', report: '{}' },
    receivedAt: later(T0, at),
  })
  await stores.reports.addReports(Array.from({ length: 350 }, (_, at) => report(at)))
  await stores.reports.addReports([report(HOUR)])
  await clean(stores, later(T0, 12 * HOUR + 1000))
  assert.equal((await stores.reports.listReports(TABLE, { offset: 0, limit: 10 })).total, 1)
})

test('it stops where the server may not write, and tries again later', async () => {
  const raw = memoryStores()
  const gone = buildOptimizer({ state: { status: 'gone', touchedAt: T0, goneAt: T0, reason: 'left' } })
  await raw.state.apply([{ kind: 'add-optimizer', optimizer: gone, tokenHash: 'x' }])
  const asked: StateChange['kind'][] = []
  const state: typeof raw.state = {
    async apply(changes) {
      asked.push(...changes.map(({ kind }) => kind))
      return { kind: 'deposed' }
    },
  }
  const run = await clean({ ...raw, state }, later(T0, 25 * HOUR))
  assert.deepEqual(asked, ['remove-optimizer'])
  assert.match(run?.failure ?? '', /history cleaner/)
})
