import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricsReport } from '@moraine/management/catalogs/metrics-report'
import type { EpochMs } from '@moraine/stdx/brand'
import { memoryMetricsReports } from '@moraine/testkit/memory-stores/memory-metrics-reports'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { reportKeeper } from './report-keeper.ts'

const table = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
const report = (at: number): MetricsReport => ({
  reportId: `r${String(at).padStart(6, '0')}`,
  table,
  kind: 'scan',
  snapshotId: 1n,
  principal: 'etl',
  receivedAt: at as EpochMs,
  report: '{}',
})

test('reports are stored, also those of a stop and those that a failing database left waiting', async () => {
  const clock = virtualClock()
  const stored = memoryMetricsReports()
  let failures = 1
  const reports = {
    ...stored,
    async addReports(batch: readonly MetricsReport[]) {
      if (failures-- > 0) throw new Error('the database is away')
      await stored.addReports(batch)
    },
  }
  const total = async () => (await stored.listReports(table, { offset: 0, limit: 1 })).total
  const keeper = reportKeeper({ stores: { reports }, clock, log: SILENT_LOG })
  for (let at = 0; at < 450; at += 1) keeper.keep(report(at))
  await keeper.start(new AbortController().signal)
  await clock.run(clock.sleep(500))
  assert.equal(await total(), 0)
  await clock.run(clock.sleep(3000))
  assert.equal(await total(), 450)
  keeper.keep(report(450))
  await keeper.stop()
  assert.equal(await total(), 451)
})

test('what a database cannot take is dropped, and said', async () => {
  const clock = virtualClock()
  const said: unknown[] = []
  const stored = memoryMetricsReports()
  const log = { ...SILENT_LOG, warn: (fields: object) => said.push(fields) }
  const keeper = reportKeeper({ stores: { reports: stored }, clock, log })
  const large = 'x'.repeat(256 * 1024)
  for (let at = 0; at < 67; at += 1) keeper.keep({ ...report(at), report: large })
  await keeper.stop()
  assert.deepEqual(said, [{ dropped: 3 }])
  assert.equal((await stored.listReports(table, { offset: 0, limit: 1 })).total, 64)
})
