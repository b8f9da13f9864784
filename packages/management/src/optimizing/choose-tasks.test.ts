import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import fc from 'fast-check'
import type { DispatchableProcess } from '../records/process-store.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import { buildDispatchable } from '../testing/build.ts'
import { chooseTasks } from './choose-tasks.ts'
import { quotaThreads } from './quota.ts'

const dispatchable = (id: number, parts: Partial<DispatchableProcess> = {}) =>
  buildDispatchable({ processId: `p${id}` as ProcessId, tableId: id as TableId, ...parts })

const choose = (processes: readonly DispatchableProcess[], idleThreads: number, mayBreakQuota = false) =>
  chooseTasks({ processes, idleThreads, groupThreads: 4, mayBreakQuota })

test('tasks go round robin, the process served longest ago first', () => {
  const processes = [1, 2, 3].map((id) => dispatchable(id, { lastAssignedAt: (10 - id) as EpochMs }))
  assert.deepEqual(choose(processes, 4), ['p3', 'p2', 'p1', 'p3'])
})

test('what a person asked for goes before what has a higher priority', () => {
  const processes = [
    dispatchable(1, { settings: { ...DEFAULT_TABLE_SETTINGS, priority: 9 } }),
    dispatchable(2, { isRequested: true }),
  ]
  assert.deepEqual(choose(processes, 1), ['p2'])
})

test('a table gets no more threads than its quota', () => {
  const processes = [dispatchable(1, { quota: 0.5, runningTasks: 1 }), dispatchable(2, { quota: 3, plannedTasks: 1 })]
  assert.deepEqual(choose(processes, 4), ['p1', 'p2'])
})

test('idle threads go beyond a quota only where that is allowed, and after everything within quotas', () => {
  const processes = [dispatchable(1, { quota: 2, runningTasks: 2 }), dispatchable(2, { plannedTasks: 1 })]
  assert.deepEqual(choose(processes, 3, false), ['p2'])
  assert.deepEqual(choose(processes, 3, true), ['p2', 'p1', 'p1'])
})

test('no thread is left idle within quotas, no quota is broken, and no process gives more than it has', () => {
  const process = fc.record({
    quota: fc.constantFrom(0.1, 0.5, 1, 2, 7),
    plannedTasks: fc.nat(5),
    runningTasks: fc.nat(5),
    lastAssignedAt: fc.nat(9),
  })
  fc.assert(
    fc.property(fc.array(process, { maxLength: 6 }), fc.nat(12), (parts, idle) => {
      const processes = parts.map((part, index) =>
        dispatchable(index, { ...part, lastAssignedAt: part.lastAssignedAt as EpochMs }),
      )
      const chosen = choose(processes, idle)
      const room = processes.map(({ processId, quota, runningTasks, plannedTasks }) => {
        const taken = chosen.filter((id) => id === processId).length
        const free = Math.min(plannedTasks, Math.max(0, quotaThreads(quota, 4) - runningTasks))
        assert.ok(taken <= free)
        return free
      })
      assert.equal(
        chosen.length,
        Math.min(
          idle,
          room.reduce((sum, free) => sum + free, 0),
        ),
      )
    }),
  )
})

test('processes of a higher priority are served first, others with what is left', () => {
  const urgent = { settings: { ...DEFAULT_TABLE_SETTINGS, priority: 1 }, plannedTasks: 2 }
  const processes = [dispatchable(1), dispatchable(2, urgent), dispatchable(3, urgent)]
  assert.deepEqual(choose(processes, 5), ['p2', 'p3', 'p2', 'p3', 'p1'])
})
