import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { at, buildEvaluation, buildOptimizer, T0 } from '@moraine/management/testing/build'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { serviceMetrics } from './metrics.ts'

async function scrape() {
  const stores = memoryStores()
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  const name = { catalog: 'lake', namespace: ['sales', 'eu'], name: 'orders' }
  const table = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  await stores.state.apply(recordEvaluation(table, buildEvaluation(), T0))
  const lastRuns = () => ({ planner: { at: T0, elapsedMs: 3, failure: 'no database' }, reaper: undefined })
  const metrics = serviceMetrics({ stores, lastRuns, clock: virtualClock(at(500)) })
  const value = async (metric: string) => {
    const lines = (await metrics.scrape()).split('\n').filter((line) => line.startsWith(`${metric}{`))
    return lines.map((line) => line.slice(metric.length))
  }
  return { stores, table, value }
}

test('groups, tables and reconcilers are measured from the records, under the names of the dashboards', async () => {
  const { value } = await scrape()
  const labels = '{catalog="lake",database="sales.eu",table="orders",group="default"}'
  assert.deepEqual(await value('amoro_optimizer_group_pending_tables'), ['{group="default"} 1'])
  assert.deepEqual(await value('amoro_optimizer_group_planing_tables'), ['{group="default"} 0'])
  assert.deepEqual(await value('amoro_optimizer_group_threads'), ['{group="default"} 2'])
  assert.deepEqual(await value('amoro_optimizer_group_memory_bytes_allocated'), ['{group="default"} 1073741824'])
  assert.deepEqual(await value('amoro_table_optimizing_status_in_pending'), [`${labels} 1`])
  assert.deepEqual(await value('amoro_table_optimizing_status_pending_duration_mills'), [`${labels} 500`])
  assert.deepEqual(await value('amoro_table_summary_health_score'), [`${labels} 60`])
  assert.deepEqual(await value('amoro_table_optimizing_since_last_optimization_mills'), [`${labels} -1`])
  assert.deepEqual(await value('moraine_reconciler_failing'), ['{reconciler="planner"} 1'])
})

test('a table that is gone has no series any more', async () => {
  const { stores, table, value } = await scrape()
  assert.equal((await value('amoro_table_summary_data_files')).length, 1)
  const found = await stores.tables.findTable(table.tableId)
  assert.ok(found)
  const from = { version: found.version, phase: found.state.phase }
  await stores.state.apply([{ kind: 'remove-table', tableId: found.tableId, from }])
  assert.deepEqual(await value('amoro_table_summary_data_files'), [])
})
