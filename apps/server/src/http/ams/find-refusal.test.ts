import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { withholdTask } from '@moraine/management/optimizing/assign-task'
import { buildProcess, buildTable, buildTask, T0 } from '@moraine/management/testing/build'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { WITHHELD_MAX } from '../../waiting/planned-ahead.ts'
import { findRefusal } from './find-refusal.ts'

test('a catalog refuses access once the tasks of so many of its tables are withheld that no more are planned', async () => {
  const state = emptyState()
  const processIds = Array.from({ length: WITHHELD_MAX }, (_, at) => `p${at}` as ProcessId)
  for (const [at, processId] of processIds.entries()) {
    const tableId = (at + 1) as TableId
    const name = { catalog: 'shut', namespace: ['a'], name: `t${at}` }
    state.tables.set(
      tableId,
      buildTable({ tableId, name, state: { phase: 'executing', since: T0, type: 'minor', processId } }),
    )
    const task = { task: buildTask({ processId, tableId }), input: '{}', output: undefined }
    const process = buildProcess({ processId, tableId, taskCount: 1 })
    state.processes.set(processId, { process, plan: 'plan', tasks: [task], attempts: new Map() })
  }
  const stores = memoryStores(state)
  for (const processId of processIds) {
    assert.equal(await findRefusal(stores, 'default', 'shut'), undefined)
    const [next] = await stores.tasks.listPlanned(processId, 1)
    assert.ok(next)
    await stores.state.apply(withholdTask(next, 'STS answered 403'))
  }
  assert.equal(await findRefusal(stores, 'default', 'shut'), 'STS answered 403')
  assert.equal(await findRefusal(stores, 'default', 'well'), undefined)
})
