import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import { patchTable } from '@moraine/management/store/state-change'
import { at, buildProcess, buildTable, OPTIMIZER_1, T0 } from '@moraine/management/testing/build'
import { emptyState, type MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { shareWatch } from './share-watch.ts'

const MINUTE_MS = 60_000
const now = at(180 * MINUTE_MS)

/** A table with an attempt that began and ended so many minutes ago. */
function add(state: MemoryState, id: number, quota: number, [from, to]: readonly [number, number], since = 10) {
  const tableId = id as TableId
  const processId = `${id}` as ProcessId
  const ago = (minutes: number) => at(now - T0 - minutes * MINUTE_MS)
  const table = buildTable({
    tableId,
    settings: { ...DEFAULT_TABLE_SETTINGS, quota },
    state: { phase: 'pending', since: ago(since) },
  })
  state.tables.set(tableId, table)
  const key = { processId, taskId: 1 as TaskId, attempt: 1, tableId, optimizerId: OPTIMIZER_1, threadId: 0 }
  const attempt = { ...key, scheduledAt: ago(from), end: { endedAt: ago(to), outcome: 'succeeded' } } as const
  const process = buildProcess({ processId, tableId })
  state.processes.set(processId, { process, plan: '', tasks: [], attempts: new Map([['1', attempt]]) })
  return table
}

function planned(state: MemoryState, table: ManagedTable): string | undefined {
  const planning = { phase: 'planning', since: now } as const
  state.tables.set(table.tableId, { ...table, state: planning })
  return shareWatch({ state, clock: { now: () => now }, threads: 4 })([patchTable(table, { state: planning })])
}

test('a table is not planned before one that used less of its quota', () => {
  const state = emptyState()
  const [busy] = [add(state, 1, 1, [40, 10]), add(state, 2, 1, [20, 10])]
  assert.match(planned(state, busy) ?? '', /table 1 is planned, with 0\.125 .* while table 2 waits with 0\.0416/)
})

test('what counts is the share of the quota, in the last hour, but for what is too little to tell', () => {
  const more = emptyState()
  const [large] = [add(more, 1, 3, [40, 10]), add(more, 2, 0.1, [25, 10])]
  assert.equal(planned(more, large), undefined)
  const past = emptyState()
  const [rested] = [add(past, 1, 1, [170, 61]), add(past, 2, 1, [10, 5])]
  assert.equal(planned(past, rested), undefined)
  const close = emptyState()
  const [first] = [add(close, 1, 1, [14, 10]), add(close, 2, 1, [10, 10])]
  assert.equal(planned(close, first), undefined)
})

test('a table that began to wait a moment ago is not passed yet', () => {
  const state = emptyState()
  const [busy] = [add(state, 1, 1, [40, 10]), add(state, 2, 1, [20, 10], 0.1)]
  assert.equal(planned(state, busy), undefined)
})

test('nobody waits for much longer than it takes to forget what it used', () => {
  const state = emptyState()
  const [rested] = [add(state, 1, 1, [40, 40]), add(state, 2, 1, [60, 10], 66)]
  assert.match(planned(state, rested) ?? '', /table 2 has waited for 3960000 ms/)
})
