import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '../records/managed-table.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import type { Hold } from '../schedule/hold.ts'
import { at, buildDispatchable, buildTable, T0 } from '../testing/build.ts'
import { nextPlannableAt, type PlanningQueueInput, planningQueue, planningRoom } from './choose-tables.ts'

const pending = (id: number, parts: Partial<ManagedTable> = {}) =>
  buildTable({ tableId: id as TableId, state: { phase: 'pending', since: at(id) }, ...parts })

function choose(pending: readonly ManagedTable[], parts: Partial<PlanningQueueInput<ManagedTable>> = {}) {
  const input = {
    pending,
    policy: 'quota',
    groupThreads: 4,
    usedMs: new Map(),
    holds: new Map(),
    now: at(100_000),
  } as const
  const asked = { ...input, ...parts }
  return { ids: planningQueue(asked).map(({ tableId }) => tableId as number), nextAt: nextPlannableAt(asked) }
}

test('the table that used least of its quota goes first, then the one that waits longest', () => {
  const tables = [pending(1), pending(2), pending(3)]
  assert.deepEqual(choose(tables, { usedMs: new Map([[1 as TableId, 5000]]) }).ids, [2, 3, 1])
})

test('the balanced policy takes the table optimized longest ago', () => {
  const tables = [pending(1, { optimizedAt: at(9) }), pending(2, { optimizedAt: at(3) }), pending(3)]
  assert.deepEqual(choose(tables, { policy: 'balanced' }).ids, [3, 2, 1])
})

test('a request of a person goes first and waits for nothing', () => {
  const backOff = { failures: 3, notBefore: at(999_999), step: 'planning', reason: 'x' } as const
  const asked = pending(9, { backOff, request: { type: 'auto', requestedAt: T0 } })
  assert.deepEqual(choose([pending(1), asked]).ids, [9, 1])
})

test('back-off and the minimal interval make a table wait, and say until when', () => {
  const backOff = { failures: 1, notBefore: at(150_000), step: 'planning', reason: 'x' } as const
  const decision = choose([pending(1, { backOff }), pending(2, { plannedAt: at(80_000) }), pending(3)])
  assert.deepEqual(decision, { ids: [3], nextAt: at(140_000) })
})

test('what was put off by a clock that was ahead is not waited for', () => {
  const backOff = { failures: 2, notBefore: at(100_000 + 120_001), step: 'planning', reason: 'x' } as const
  const ahead = [pending(1, { backOff }), pending(2, { plannedAt: at(100_001) })]
  assert.deepEqual(choose(ahead), { ids: [1, 2], nextAt: undefined })
  const latest = [
    pending(1, { backOff: { ...backOff, notBefore: at(220_000) } }),
    pending(2, { plannedAt: at(100_000) }),
  ]
  assert.deepEqual(choose(latest).ids, [])
})

test('nothing is planned without threads, or further ahead than the threads can work', () => {
  assert.equal(planningRoom([], 0), 'none')
  assert.equal(planningRoom([], 1), 'all')
  const processes = (tasks: number) => [
    buildDispatchable({ plannedTasks: tasks, quota: 1 }),
    buildDispatchable({ plannedTasks: 4, quota: 9 }),
  ]
  assert.equal(planningRoom(processes(3), 4), 'all')
  assert.equal(planningRoom(processes(4), 4), 'requested')
})

test('tasks beyond the quota of their table keep no other from being planned', () => {
  const large = buildDispatchable({ plannedTasks: 1000, quota: 0.5 })
  assert.equal(planningRoom([large], 4), 'all')
  assert.equal(planningRoom([{ ...large, runningTasks: 2 }], 4), 'all')
  assert.equal(planningRoom([{ ...large, quota: 0 }], 4), 'all')
  assert.equal(planningRoom([large, large, large, large], 4), 'requested')
  assert.equal(planningRoom([{ ...large, quota: 10, runningTasks: 2 }], 4), 'requested')
  assert.equal(planningRoom([{ ...large, quota: 10, runningTasks: 12 }], 4), 'all')
})

test('what somebody asks for is planned beside any work ahead but that of other requests', () => {
  const work = buildDispatchable({ plannedTasks: 100, quota: 9 })
  assert.equal(planningRoom([work], 4), 'requested')
  assert.equal(planningRoom([work, { ...work, isRequested: true, plannedTasks: 7 }], 4), 'requested')
  assert.equal(planningRoom([work, { ...work, isRequested: true, plannedTasks: 8 }], 4), 'none')
})

test('a table that is held is not planned before the hold ends, not even on request', () => {
  const held = { kind: 'blackout', text: 'in a blackout', until: at(150_000) } as const
  const paused = { kind: 'paused', text: 'paused', until: undefined } as const
  const asked = pending(3, { request: { type: 'auto', requestedAt: T0 } })
  const holds = new Map<TableId, Hold>([
    [1 as TableId, held],
    [3 as TableId, paused],
  ])
  assert.deepEqual(choose([pending(1), pending(2), asked], { holds }), { ids: [2], nextAt: at(150_000) })
  assert.deepEqual(choose([asked], { holds }).nextAt, undefined)
})

test('of tables that nobody asked for, those of a higher priority go first', () => {
  const urgent = pending(3, { settings: { ...DEFAULT_TABLE_SETTINGS, priority: 5 } })
  const late = pending(1, { settings: { ...DEFAULT_TABLE_SETTINGS, priority: -1 } })
  const asked = pending(4, { request: { type: 'auto', requestedAt: T0 } })
  assert.deepEqual(choose([late, pending(2), urgent, asked]).ids, [4, 3, 2, 1])
})
