import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskId } from '@moraine/lifecycle/identity'
import { withholdTask } from '@moraine/management/optimizing/assign-task'
import {
  ackedState,
  buildProcess,
  buildTable,
  buildTask,
  PROCESS_1,
  succeededState,
  T0,
} from '@moraine/management/testing/build'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { loadOpenWork } from './load-verdict.ts'

/** A process of which 1,000 tasks are done, one runs, and the rest waits. */
function longProcess() {
  const state = emptyState()
  const table = buildTable({ state: { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } })
  const task = (id: number) => {
    const states = {
      done: succeededState(),
      runs: ackedState(),
      waits: { status: 'planned', attempts: 0, failures: 0 } as const,
    }
    const which = id <= 1000 ? 'done' : id === 1001 ? 'runs' : 'waits'
    return { task: buildTask({ taskId: id as TaskId, state: states[which] }), input: '{}', output: undefined }
  }
  const tasks = Array.from({ length: 1003 }, (_, index) => task(index + 1))
  state.tables.set(table.tableId, table)
  state.processes.set(PROCESS_1, {
    process: buildProcess({ taskCount: 1003 }),
    plan: 'plan',
    tasks,
    attempts: new Map(),
  })
  return { table, stores: memoryStores(state) }
}

test('who works on a process is told, and what it waits for, however many of its tasks are done', async () => {
  const { table, stores } = longProcess()
  const open = await loadOpenWork(stores, table)
  assert.deepEqual(
    open?.assigned.map(({ taskId }) => taskId),
    [1001],
  )
  assert.equal(open?.withheld, undefined)
  const [next] = await stores.tasks.listPlanned(PROCESS_1, 1)
  assert.ok(next)
  await stores.state.apply(withholdTask(next, 'its files cannot be reached'))
  assert.equal((await loadOpenWork(stores, table))?.withheld, 'its files cannot be reached')
})
