import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'

export function reportConformance(stores: () => Stores): void {
  test('reports are listed by table and kind, newest first, and removed by age', async () => {
    const { reports } = stores()
    const table = { catalog: 'lake', namespace: ['sales', 'eu.north'], name: 'orders "2026"' }
    const report = (at: number, kind: 'scan' | 'commit', of = table) => ({
      reportId: `r${at}`,
      table: of,
      kind,
      snapshotId: 9_007_199_254_740_993n,
      principal: 'etl',
      receivedAt: at as EpochMs,
      report: '{"filter":"ä"}',
    })
    await reports.addReports([])
    await reports.addReports([report(1, 'scan'), report(2, 'commit'), report(3, 'scan')])
    await reports.addReports([report(4, 'scan', { ...table, namespace: ['sales.eu', 'north'] })])
    const page = { offset: 0, limit: 10 }
    assert.deepEqual(await reports.listReports(table, page), {
      reports: [report(3, 'scan'), report(2, 'commit'), report(1, 'scan')],
      total: 3,
    })
    assert.deepEqual(await reports.listReports(table, { kind: 'scan', offset: 1, limit: 1 }), {
      reports: [report(1, 'scan')],
      total: 2,
    })
    assert.equal(await reports.removeReports(3 as EpochMs, 1), 1)
    assert.equal(await reports.removeReports(3 as EpochMs, 10), 1)
    assert.deepEqual((await reports.listReports(table, page)).total, 1)
  })
}
