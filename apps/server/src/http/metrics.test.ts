import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { StateChange } from '@moraine/management/store/state-change'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  at,
  buildEvaluation,
  buildOptimizer,
  buildProcess,
  PROCESS_1,
  PROCESS_2,
  SNAPSHOT,
  T0,
} from '@moraine/management/testing/build'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { countingProcesses } from './ended-processes.ts'
import { type MetricDescription, serviceMetrics } from './metrics.ts'
import { metricsDocument, NOT_HERE } from './metrics-document.ts'

async function scrape() {
  const memory = memoryStores()
  const { state, ended } = countingProcesses(memory.state)
  const stores = { ...memory, state }
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  const name = { catalog: 'lake', namespace: ['sales', 'eu'], name: 'orders' }
  const table = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  await stores.state.apply(recordEvaluation(table, buildEvaluation(), T0))
  const lastRuns = () => ({ planner: { at: T0, elapsedMs: 3, failure: 'no database' }, reaper: undefined })
  const facts = { isLeader: () => true }
  const outages = () => [{ catalog: 'far', since: T0, calls: 4, reason: 'no route to host', tryAt: at(800) }]
  const metrics = serviceMetrics({ stores, ended, facts, lastRuns, outages, clock: virtualClock(at(500)) })
  const value = async (metric: string) => {
    const lines = (await metrics.scrape()).split('\n').filter((line) => line.startsWith(`${metric}{`))
    return lines.map((line) => line.slice(metric.length))
  }
  return { stores, memory, table, value, metrics }
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
  assert.deepEqual(await value('amoro_table_summary_health_score'), [
    '{catalog="lake",database="sales.eu",table="orders"} 60',
  ])
  assert.deepEqual(await value('amoro_table_optimizing_since_last_optimization_mills'), [`${labels} -1`])
  assert.deepEqual(await value('moraine_reconciler_failing'), ['{reconciler="planner"} 1'])
  assert.deepEqual(await value('moraine_catalog_breaker_open'), ['{catalog="far"} 1'])
  assert.deepEqual(await value('moraine_catalog_unanswered_calls'), ['{catalog="far"} 4'])
  assert.deepEqual(await value('moraine_catalog_since_first_unanswered_call_milliseconds'), ['{catalog="far"} 500'])
  assert.deepEqual(await value('moraine_catalog_until_next_try_milliseconds'), ['{catalog="far"} 300'])
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

const processChange = (processId: ProcessId, tableId: TableId, type: OptimizingType): StateChange => ({
  kind: 'add-process',
  process: buildProcess({ processId, tableId, type }),
  plan: '',
  tasks: [],
})
const endChange = (processId: ProcessId, status: 'succeeded' | 'failed'): StateChange => ({
  kind: 'move-process',
  processId,
  from: { status: status === 'succeeded' ? 'committing' : 'executing', commitAttempts: 0 },
  state:
    status === 'succeeded'
      ? { status, endedAt: at(100), committedTasks: 1 }
      : { status, endedAt: at(200), reason: 'no such file' },
  ...(status === 'succeeded' && {
    result: {
      snapshotId: SNAPSHOT,
      inputFiles: 9,
      inputBytes: 900,
      outputFiles: 1,
      outputBytes: 300,
      healthBefore: undefined,
    },
  }),
})
const committing: StateChange = {
  kind: 'move-process',
  processId: PROCESS_1,
  from: { status: 'executing', commitAttempts: 0 },
  state: { status: 'committing', since: at(50), commitAttempts: 0, retryAt: at(50) },
}

test('processes are counted as they end, by table and type, those too that had begun before the start', async () => {
  const { stores, memory, table, value } = await scrape()
  const { tableId } = table
  await stores.state.apply([processChange(PROCESS_1, tableId, 'full')])
  await memory.state.apply([processChange(PROCESS_2, tableId, 'minor')])
  for (const change of [committing, endChange(PROCESS_1, 'succeeded'), endChange(PROCESS_2, 'failed')]) {
    assert.deepEqual(await stores.state.apply([change]), { kind: 'applied' })
  }
  const lost = await stores.state.apply([endChange(PROCESS_2, 'failed')])
  assert.equal(lost.kind, 'lost', 'what was not applied is not counted')
  const figures = async (...names: readonly string[]) =>
    Promise.all(names.map(async (name) => (await value(name)).map((line) => Number(line.split('} ')[1]))))
  assert.deepEqual(
    await figures(
      ...[
        'process_total',
        'process_failed',
        'minor_total',
        'minor_failed',
        'full_total',
        'full_failed',
        'major_total',
      ].map((name) => `amoro_table_optimizing_${name}_count_total`),
      ...['full', 'minor'].map((type) => `amoro_table_optimizing_since_last_${type}_optimization_mills`),
    ),
    [[2], [1], [1], [1], [1], [0], [0], [400], []],
  )
  assert.deepEqual(await value('moraine_optimizing_processes_total'), [
    '{type="full",outcome="succeeded"} 1',
    '{type="full",outcome="failed"} 0',
    '{type="full",outcome="canceled"} 0',
    '{type="minor",outcome="succeeded"} 0',
    '{type="minor",outcome="failed"} 1',
    '{type="minor",outcome="canceled"} 0',
  ])
  assert.deepEqual(await figures('moraine_optimizing_input_bytes_total', 'moraine_optimizing_output_bytes_total'), [
    [900, 0],
    [300, 0],
  ])
})

type AmoroMetric = Omit<MetricDescription, 'help'>
const AMORO = JSON.parse(
  readFileSync(new URL('./ams/fixtures/amoro-metrics.json', import.meta.url), 'utf8'),
) as readonly AmoroMetric[]

test('metrics of Amoro are here with their types and labels, or have a reason why they are not', async () => {
  const own = new Map((await scrape()).metrics.own.map((metric) => [metric.name, metric]))
  const isNotHere = (name: string) => Object.keys(NOT_HERE).some((start) => name.startsWith(start))
  for (const { name, type, labels } of AMORO) {
    const metric = own.get(name)
    assert.equal(metric === undefined, isNotHere(name), name)
    if (metric !== undefined) assert.deepEqual([metric.type, metric.labels.toSorted()], [type, labels.toSorted()], name)
  }
  const unused = Object.keys(NOT_HERE).filter((start) => !AMORO.some(({ name }) => name.startsWith(start)))
  assert.deepEqual(unused, [], 'reasons for what Amoro has not')
})

test('the reference is current: scripts/write-metrics.ts writes it', async () => {
  const file = new URL('../../../../docs/reference/metrics.md', import.meta.url)
  assert.equal(readFileSync(file, 'utf8'), metricsDocument((await scrape()).metrics.own))
})
