import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { GroupAllocation } from '@moraine/management/records/group-allocation'
import { countAllocation } from '@moraine/management/resources/allocation-figures'
import { endOptimizer } from '@moraine/management/resources/deadlines'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { at, buildOptimizer, buildProcess, buildTask, PROCESS_1 } from '@moraine/management/testing/build'
import { buildAllocationFacts } from '@moraine/management/testing/build-allocation'

const ALLOCATION: GroupAllocation = {
  group: 'etl',
  verdict: {
    rule: 'backlog',
    figures: countAllocation(buildAllocationFacts({ registered: [2], busy: 2, planned: 3 }), at(0)),
    bounds: { minThreads: 0, maxThreads: 16, threadsPerOptimizer: 2 },
    since: at(1),
    until: at(60_001),
  },
  since: at(1),
  launches: 3,
  releases: 1,
  launchedAt: at(0),
}

/** What every implementation must keep of decisions on groups, and find for the next. */
export function allocationConformance(stores: () => Stores): void {
  savedConformance(stores)
  attemptEndConformance(stores)
}

function savedConformance(stores: () => Stores): void {
  test('the last decision on a group replaces the one before it', async () => {
    const { allocations, groups } = stores()
    assert.equal(await allocations.findAllocation('etl'), undefined)
    await apply(stores(), { kind: 'save-allocation', allocation: { ...ALLOCATION, launches: 2 } })
    await apply(stores(), { kind: 'save-allocation', allocation: ALLOCATION })
    await apply(stores(), { kind: 'save-allocation', allocation: ALLOCATION })
    await apply(stores(), { kind: 'save-allocation', allocation: { ...ALLOCATION, group: 'bulk' } })
    assert.deepEqual(await allocations.findAllocation('etl'), ALLOCATION)
    assert.deepEqual(
      (await allocations.listAllocations()).map(({ group }) => group),
      ['bulk', 'etl'],
    )
    await groups.removeGroup('etl')
    assert.equal(await allocations.findAllocation('etl'), undefined, 'a group of this name is another one')
  })
}

function attemptEndConformance(stores: () => Stores): void {
  const attempt = (optimizerId: OptimizerId, id: number, ended: number | undefined): readonly StateChange[] => {
    const key = { processId: PROCESS_1, taskId: id as TaskId, attempt: 1 }
    const begun = { ...key, tableId: 1 as TableId, optimizerId, threadId: 0, scheduledAt: at(1), end: undefined }
    const end = { endedAt: at(ended ?? 0), outcome: 'succeeded' } as const
    return [
      { kind: 'begin-attempt', attempt: begun },
      ...(ended === undefined ? [] : [{ kind: 'end-attempt', ...key, end } as const]),
    ]
  }

  test('the end of the last attempt of each living optimizer of a group is found', async () => {
    const [atWork, fresh, gone, elsewhere] = ['a', 'b', 'c', 'd'].map((id) => id as OptimizerId)
    assert.ok(atWork !== undefined && fresh !== undefined && gone !== undefined && elsewhere !== undefined)
    const register = (optimizerId: OptimizerId, group = 'default'): StateChange => {
      const optimizer = buildOptimizer({ optimizerId, group, resourceId: optimizerId })
      return { kind: 'add-optimizer', optimizer, tokenHash: optimizerId }
    }
    const tasks = [1, 2, 3, 4, 5, 6].map((id) => ({ task: buildTask({ taskId: id as TaskId }), input: '{}' }))
    await apply(
      stores(),
      { kind: 'add-process', process: buildProcess({ taskCount: tasks.length }), plan: '{}', tasks },
      ...[register(atWork), register(fresh), register(gone), register(elsewhere, 'etl')],
      ...[...attempt(atWork, 1, 20), ...attempt(atWork, 2, 50), ...attempt(atWork, 3, undefined)],
      ...[...attempt(fresh, 4, undefined), ...attempt(gone, 5, 70), ...attempt(elsewhere, 6, 80)],
      ...endOptimizer(buildOptimizer({ optimizerId: gone }), 'left', at(90)),
    )
    assert.deepEqual([...(await stores().optimizers.lastAttemptEnds('default'))], [[atWork, at(50)]])
  })
}

async function apply(stores: Stores, ...changes: readonly StateChange[]): Promise<void> {
  assert.deepEqual(await stores.state.apply(changes), { kind: 'applied' })
}
