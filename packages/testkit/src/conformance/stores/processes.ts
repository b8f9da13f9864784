import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { ackTask } from '@moraine/management/optimizing/ack-task'
import { assignTask } from '@moraine/management/optimizing/assign-task'
import { completeTask } from '@moraine/management/optimizing/complete-task'
import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { ZOMBIE_GRACE_MS } from '@moraine/management/records/discard'
import { patchTable, processGuard, type StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { pauseTable } from '@moraine/management/tables/pause-table'
import {
  at,
  OPTIMIZER_1,
  OPTIMIZER_2,
  OUTPUT_FIGURES,
  PROCESS_1,
  PROCESS_2,
  SLOT_1,
  SNAPSHOT,
} from '@moraine/management/testing/build'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { applyAll, compareText, loadTask, reloadTable, startProcess } from './store-steps.ts'

/** Of an attempt that was lost. */
const NOT_TRIED = {
  commit: 'never-tried',
  dueAt: later(at(5), ZOMBIE_GRACE_MS),
  tries: 0,
  reason: undefined,
  table: undefined,
} as const

export function processConformance(stores: () => Stores): void {
  test('a plan becomes a process with its tasks, in one step with the table', async () => {
    const { table, process } = await startProcess(stores(), 'orders', PROCESS_1, 2)
    assert.deepEqual(table.state, { phase: 'executing', since: at(3), type: 'minor', processId: PROCESS_1 })
    assert.equal(process.inputFiles, 26)
    assert.equal(process.baseSnapshotId, SNAPSHOT)
    assert.deepEqual(process.state, { status: 'executing' })
    assert.equal(await stores().processes.findPlan(PROCESS_1), '{"planVersion":1}')
    assert.equal(await stores().tasks.findInput(PROCESS_1, 2 as TaskId), '{"task":2}')
    const tasks = await stores().tasks.listTasks(PROCESS_1)
    assert.deepEqual(await stores().tasks.pageTasks(PROCESS_1, { offset: 0, limit: 99 }), tasks)
    assert.deepEqual(await stores().tasks.pageTasks(PROCESS_1, { offset: 1, limit: 1 }), tasks.slice(1, 2))
    assert.deepEqual(
      tasks.map(({ taskId, partitionPath, state }) => [taskId, partitionPath, state]),
      [
        [1, 'day=0', { status: 'planned', attempts: 0, failures: 0 }],
        [2, 'day=1', { status: 'planned', attempts: 0, failures: 0 }],
      ],
    )
  })

  test('a task goes through an attempt to success, and its output is kept apart', async () => {
    const { process } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const assigned = assignTask(await loadTask(stores(), PROCESS_1, 1), SLOT_1, at(4))
    await applyAll(stores(), assigned.changes)
    assert.deepEqual((await loadTask(stores(), PROCESS_1, 1)).state, {
      status: 'scheduled',
      attempts: 1,
      failures: 0,
      assignment: { ...SLOT_1, attempt: 1 },
      scheduledAt: at(4),
    })
    const ack = ackTask(await loadTask(stores(), PROCESS_1, 1), { ...SLOT_1, attempt: 1 }, at(5))
    assert.equal(ack.kind, 'accepted')
    await applyAll(stores(), ack.kind === 'accepted' ? ack.changes : [])
    const report = { kind: 'succeeded', payload: '{"out":1}', figures: OUTPUT_FIGURES } as const
    const done = completeTask(await loadTask(stores(), PROCESS_1, 1), process, { ...SLOT_1, attempt: 1 }, report, at(6))
    assert.equal(done.kind, 'accepted')
    await applyAll(stores(), done.kind === 'accepted' ? done.changes : [])
    const ended = await loadTask(stores(), PROCESS_1, 1)
    assert.equal(ended.state.status, 'succeeded')
    assert.deepEqual(ended.output, OUTPUT_FIGURES)
    assert.equal(await stores().tasks.findOutput(PROCESS_1, 1 as TaskId), '{"out":1}')
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, [1 as TaskId]), [
      {
        processId: PROCESS_1,
        taskId: 1,
        attempt: 1,
        tableId: process.tableId,
        ...SLOT_1,
        scheduledAt: at(4),
        end: { endedAt: at(6), outcome: 'succeeded' },
      },
    ])
  })

  test('a guard on status and attempts lets one of two writers win', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 1)
    const planned = await loadTask(stores(), PROCESS_1, 1)
    await applyAll(stores(), assignTask(planned, SLOT_1, at(4)).changes)
    const second = await stores().state.apply(
      assignTask(planned, { optimizerId: OPTIMIZER_2, threadId: 7 }, at(4)).changes,
    )
    assert.equal(second.kind, 'lost')
    assert.equal((await stores().tasks.listAttempts(PROCESS_1, [1 as TaskId, 2 as TaskId])).length, 1)
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, [2 as TaskId]), [])
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, []), [])
    const assigned = await stores().tasks.listAssigned()
    assert.deepEqual(
      assigned.map(({ taskId }) => taskId),
      [1],
    )
    assert.equal((await stores().tasks.listAssigned({ optimizerId: OPTIMIZER_2 })).length, 0)
  })

  test('assigned tasks come by process and id, whatever the order in which they were handed out', async () => {
    await startProcess(stores(), 'orders', PROCESS_2, 2)
    await startProcess(stores(), 'clicks', PROCESS_1, 3)
    const handedOut = [
      [PROCESS_2, 2, OPTIMIZER_1],
      [PROCESS_1, 3, OPTIMIZER_2],
      [PROCESS_1, 1, OPTIMIZER_1],
      [PROCESS_2, 1, OPTIMIZER_2],
    ] as const
    for (const [thread, [processId, taskId, optimizerId]] of handedOut.entries()) {
      const slot = { optimizerId, threadId: thread }
      await applyAll(stores(), assignTask(await loadTask(stores(), processId, taskId), slot, at(4)).changes)
    }
    const assigned = async (optimizerId?: typeof OPTIMIZER_1) =>
      (await stores().tasks.listAssigned({ ...(optimizerId && { optimizerId }) })).map(({ processId, taskId }) => [
        processId,
        taskId,
      ])
    const ofProcess = await stores().tasks.listAssigned({ processId: PROCESS_2 })
    assert.deepEqual(
      ofProcess.map(({ processId, taskId }) => [processId, taskId]),
      [
        [PROCESS_2, 1],
        [PROCESS_2, 2],
      ],
    )
    assert.deepEqual(await assigned(), [
      [PROCESS_1, 1],
      [PROCESS_1, 3],
      [PROCESS_2, 1],
      [PROCESS_2, 2],
    ])
    assert.deepEqual(await assigned(OPTIMIZER_1), [
      [PROCESS_1, 1],
      [PROCESS_2, 2],
    ])
  })

  test('a lost attempt leaves a discard that is due later and can be done once', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    await applyAll(stores(), assignTask(await loadTask(stores(), PROCESS_1, 1), SLOT_1, at(4)).changes)
    await applyAll(stores(), resetTask(await loadTask(stores(), PROCESS_1, 1), 'owner gone', at(5)))
    assert.deepEqual((await loadTask(stores(), PROCESS_1, 1)).state, {
      status: 'planned',
      attempts: 1,
      failures: 0,
      reason: 'owner gone',
    })
    assert.deepEqual(await stores().discards.listDueDiscards({ until: at(5) }, 9), [])
    const [due] = await stores().discards.listDueDiscards({ until: at(3_600_000) }, 9)
    assert.ok(due)
    assert.deepEqual([due.taskId, due.attempt, due.tableId], [1, 1, table.tableId])
    await applyAll(stores(), [{ kind: 'remove-discard', key: due }])
    assert.deepEqual(await stores().discards.listDueDiscards({ until: at(3_600_000) }, 9), [])
  })

  test('what is to be discarded keeps the reason it is still there, and what its table was called', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 2)
    const other = await startProcess(stores(), 'clicks', PROCESS_2, 1)
    for (const [processId, taskId] of [
      [PROCESS_2, 1],
      [PROCESS_1, 2],
      [PROCESS_1, 1],
    ] as const) {
      await applyAll(stores(), assignTask(await loadTask(stores(), processId, taskId), SLOT_1, at(4)).changes)
      await applyAll(stores(), resetTask(await loadTask(stores(), processId, taskId), 'owner gone', at(5)))
    }
    const key = { processId: PROCESS_1, taskId: 1 as TaskId, attempt: 1 }
    await applyAll(stores(), [
      { kind: 'postpone-discard', key, dueAt: at(9), reason: 'the catalog is away' },
      { kind: 'postpone-discard', key, dueAt: at(10), reason: 'the table is gone' },
      { kind: 'postpone-discard', key: { ...key, attempt: 7 }, dueAt: at(10), reason: 'there is none' },
      { kind: 'name-discards', tableId: table.tableId, table: table.name },
      { kind: 'add-discard', discard: { ...key, ...NOT_TRIED, tableId: table.tableId } },
    ])
    const { tableId } = table
    const first = { ...key, tableId, commit: 'never-tried', dueAt: at(10), tries: 2, table: table.name } as const
    const second = { ...key, ...NOT_TRIED, taskId: 2 as TaskId, tableId, table: table.name }
    const third = { ...key, ...NOT_TRIED, processId: PROCESS_2, tableId: other.table.tableId }
    const all = [{ ...first, reason: 'the table is gone' }, second, third]
    assert.deepEqual(await stores().discards.pageDiscards({ offset: 0, limit: 9 }), { discards: all, total: 3 })
    const page = { tableId, offset: 1, limit: 1 }
    assert.deepEqual(await stores().discards.pageDiscards(page), { discards: [second], total: 2 })
    const due = (query: { readonly from?: EpochMs; readonly until: EpochMs }) =>
      stores().discards.listDueDiscards(query, 9)
    assert.deepEqual(await due({ until: at(10) }), all.slice(0, 1))
    assert.deepEqual(await due({ from: at(10), until: at(10) }), all.slice(0, 1))
    assert.deepEqual(await due({ from: at(11), until: at(3_600_000) }), all.slice(1))
  })

  test('a process is not history while outputs of it are listed', async () => {
    const { process } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const key = { processId: PROCESS_1, taskId: 1 as TaskId, attempt: 1 }
    await applyAll(stores(), [
      {
        kind: 'move-process',
        processId: PROCESS_1,
        from: processGuard(process),
        state: { status: 'failed', endedAt: at(9), reason: 'no permission' },
      },
      { kind: 'add-discard', discard: { ...key, ...NOT_TRIED, tableId: process.tableId, commit: 'unknown' } },
    ])
    assert.deepEqual(await stores().processes.listFinished(at(10), 9), [])
    await applyAll(stores(), [{ kind: 'remove-discard', key }])
    assert.deepEqual(await stores().processes.listFinished(at(10), 9), [PROCESS_1])
  })

  test('what can be handed out is derived from the records', async () => {
    const first = await startProcess(stores(), 'a', PROCESS_1, 2)
    const second = await startProcess(stores(), 'b', PROCESS_2, 1)
    await applyAll(stores(), assignTask(await loadTask(stores(), PROCESS_1, 1), SLOT_1, at(10)).changes)
    const pause = { since: at(9) }
    await applyAll(stores(), pauseTable(await reloadTable(stores(), second.table), pause))
    assert.deepEqual(await stores().tasks.listDispatchable('default'), [
      {
        processId: PROCESS_1,
        tableId: first.table.tableId,
        quota: 0.5,
        plannedTasks: 1,
        runningTasks: 1,
        lastAssignedAt: at(10),
        isRequested: false,
        catalog: first.table.name.catalog,
        settings: first.table.settings,
        pause: undefined,
      },
      {
        processId: PROCESS_2,
        tableId: second.table.tableId,
        quota: 0.5,
        plannedTasks: 1,
        runningTasks: 0,
        lastAssignedAt: 0,
        isRequested: false,
        catalog: second.table.name.catalog,
        settings: second.table.settings,
        pause,
      },
    ])
    assert.deepEqual(await stores().tasks.listDispatchable('other'), [])
    assert.deepEqual(
      (await stores().tasks.listPlanned(PROCESS_1, 5)).map(({ taskId }) => taskId),
      [2],
    )
    const used = await stores().tasks.sumAttemptTime(at(12), at(15))
    assert.deepEqual([...used], [[first.table.tableId, 3]])
    assert.deepEqual([...(await stores().tasks.sumAttemptTime(at(12), at(12)))], [])
    const counts = await stores().tasks.countTasks([PROCESS_1, PROCESS_2])
    assert.deepEqual(counts.get(PROCESS_1), {
      planned: 1,
      scheduled: 1,
      acked: 0,
      succeeded: 0,
      failed: 0,
      canceled: 0,
    })
    const byGroup = (await stores().tasks.countGroupTasks()).map(({ status, tasks }) => [status, tasks])
    assert.deepEqual(byGroup.sort(compareText), [
      ['planned', 2],
      ['scheduled', 1],
    ])
  })

  test('as many may be asked for at once as there are', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 2)
    await applyAll(stores(), assignTask(await loadTask(stores(), PROCESS_1, 2), SLOT_1, at(10)).changes)
    const ids = Array.from({ length: 70_000 }, (_, index) => index + 1)
    const counts = await stores().tasks.countTasks([PROCESS_1, ...ids.map((id) => `p${id}` as ProcessId)])
    assert.deepEqual([counts.size, counts.get(PROCESS_1)?.planned], [ids.length + 1, 1])
    const attempts = await stores().tasks.listAttempts(PROCESS_1, ids as readonly number[] as readonly TaskId[])
    assert.deepEqual(
      attempts.map(({ taskId }) => taskId),
      [2],
    )
  })

  test('processes are listed newest first with a total, and removed with all that is theirs', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const from = { status: 'executing', commitAttempts: 0 } as const
    const state = { status: 'failed', endedAt: at(50), reason: 'no reason' } as const
    await applyAll(stores(), [
      { kind: 'move-process', processId: PROCESS_1, from, state },
      patchTable(table, { state: { phase: 'idle', since: at(50) } }),
    ])
    const page = await stores().processes.listProcesses({ tableId: table.tableId, offset: 0, limit: 1 })
    assert.equal(page.total, 1)
    assert.deepEqual(page.processes[0]?.state, state)
    const running = { tableId: table.tableId, statuses: ['executing'], offset: 0, limit: 9 } as const
    assert.equal((await stores().processes.listProcesses(running)).total, 0)
    assert.deepEqual(await stores().processes.listOpenProcesses({ status: 'executing', limit: 9 }), [])
    assert.deepEqual(await stores().processes.listFinished(at(50), 9), [])
    assert.deepEqual(await stores().processes.listFinished(at(51), 9), [PROCESS_1])
    await applyAll(stores(), [{ kind: 'remove-process', processId: PROCESS_1 }])
    assert.equal(await stores().processes.findProcess(PROCESS_1), undefined)
    assert.deepEqual(await stores().tasks.listTasks(PROCESS_1), [])
    assert.equal(await stores().tasks.findInput(PROCESS_1, 1 as TaskId), undefined)
  })

  test('open processes are listed by pages, in order of id', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 1)
    await startProcess(stores(), 'clicks', PROCESS_2, 1)
    const page = async (after?: ProcessId) => {
      const query = { status: 'executing', limit: 1, ...(after !== undefined && { after }) } as const
      return (await stores().processes.listOpenProcesses(query)).map(({ processId }) => processId)
    }
    assert.deepEqual([await page(), await page(PROCESS_1), await page(PROCESS_2)], [[PROCESS_1], [PROCESS_2], []])
  })

  test('a commit that is tried again is guarded by its number of tries', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 1)
    const move = (commitAttempts: number, status: 'executing' | 'committing', next: number): StateChange => ({
      kind: 'move-process',
      processId: PROCESS_1,
      from: { status, commitAttempts },
      state: { status: 'committing', since: at(5), commitAttempts: next, retryAt: at(6), reason: 'timeout' },
    })
    await applyAll(stores(), [move(0, 'executing', 0)])
    await applyAll(stores(), [move(0, 'committing', 1)])
    assert.equal((await stores().state.apply([move(0, 'committing', 1)])).kind, 'lost')
    const [open] = await stores().processes.listOpenProcesses({ status: 'committing', limit: 9 })
    assert.deepEqual(open?.state, {
      status: 'committing',
      since: at(5),
      commitAttempts: 1,
      retryAt: at(6),
      reason: 'timeout',
    })
  })
}
