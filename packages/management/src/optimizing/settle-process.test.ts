import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskId } from '@moraine/lifecycle/identity'
import type { TaskState } from '@moraine/lifecycle/task-status'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { StateChange } from '../store/state-change.ts'
import { ackedState, at, buildProcess, buildTable, buildTask, PROCESS_1, succeededState, T0 } from '../testing/build.ts'
import { decideCancel, settleProcess } from './settle-process.ts'

const PLANNED: TaskState = { status: 'planned', attempts: 0, failures: 0 }
const FAILED: TaskState = { status: 'failed', attempts: 2, failures: 2, endedAt: at(5), reason: 'disk full' }

function open(states: readonly TaskState[], parts: Partial<OptimizingProcess> = {}) {
  return {
    process: buildProcess({ taskCount: states.length, ...parts }),
    table: buildTable({ state: { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } }),
    tasks: states.map((state, index) => buildTask({ taskId: (index + 1) as TaskId, state })),
  }
}

function summary(changes: readonly StateChange[]) {
  return changes.map((change) => {
    if (change.kind === 'move-process') return `process ${change.state.status}`
    if (change.kind === 'move-task') return `task ${change.taskId} ${change.state.status}`
    if (change.kind === 'patch-table') {
      return `table ${change.patch.state?.phase}${change.patch.backOff === undefined ? '' : ' backing off'}`
    }
    if (change.kind === 'add-discard') {
      return `discard ${change.discard.taskId}/${change.discard.attempt} in ${change.discard.dueAt - at(9)}`
    }
    return change.kind
  })
}

test('nothing happens while tasks are open', () => {
  assert.deepEqual(settleProcess(open([succeededState(), PLANNED]), at(9)), [])
  assert.deepEqual(settleProcess(open([succeededState(), ackedState()]), at(9)), [])
})

test('a process that its table does not want any more is ended while tasks are open, and not after', () => {
  const moved = (running: ReturnType<typeof open>) => ({
    ...running,
    table: { ...running.table, settings: { ...running.table.settings, group: 'etl' } },
  })
  assert.deepEqual(summary(settleProcess(moved(open([succeededState(), PLANNED])), at(9))), [
    'process canceled',
    'task 2 canceled',
    'discard 1/1 in 0',
    'table idle',
  ])
  assert.deepEqual(
    summary(settleProcess(moved(open([succeededState(), PLANNED], { allowPartialCommit: true })), at(9))),
    ['task 2 canceled', 'process committing', 'table committing'],
  )
  assert.deepEqual(summary(settleProcess(moved(open([succeededState()])), at(9))), [
    'process committing',
    'table committing',
  ])
})

test('when every task has succeeded, process and table go on to commit together', () => {
  assert.deepEqual(summary(settleProcess(open([succeededState(), succeededState()]), at(9))), [
    'process committing',
    'table committing',
  ])
})

test('a task that failed for good fails the process at once: running ones end, outputs are deleted', () => {
  const changes = settleProcess(open([FAILED, succeededState(), ackedState(), PLANNED]), at(9))
  assert.deepEqual(summary(changes), [
    'process failed',
    'task 3 canceled',
    'end-attempt',
    'discard 3/1 in 900000',
    'task 4 canceled',
    'discard 2/1 in 0',
    'table idle backing off',
  ])
  const [process] = changes
  assert.ok(process?.kind === 'move-process' && process.state.status === 'failed')
  assert.equal(process.state.reason, 'task 1 failed 2 times: disk full')
})

test('with partial commits the others go on, and what succeeded is committed', () => {
  const partial = { allowPartialCommit: true }
  assert.deepEqual(settleProcess(open([FAILED, ackedState()], partial), at(9)), [])
  assert.deepEqual(summary(settleProcess(open([FAILED, succeededState()], partial), at(9))), [
    'process committing',
    'table committing',
  ])
  assert.deepEqual(summary(settleProcess(open([FAILED, FAILED], partial), at(9))), [
    'process failed',
    'table idle backing off',
  ])
})

test('a process that does not execute is left alone', () => {
  const state = { status: 'committing', since: T0, commitAttempts: 0, retryAt: T0 } as const
  assert.deepEqual(settleProcess(open([succeededState()], { state }), at(9)), [])
})

test('cancel ends what runs, or commits what succeeded, or says why it is too late', () => {
  const canceled = decideCancel(open([succeededState(), PLANNED]), 'by hand', at(9))
  assert.ok(canceled.kind === 'canceled')
  assert.deepEqual(summary(canceled.changes), ['process canceled', 'task 2 canceled', 'discard 1/1 in 0', 'table idle'])
  const partial = decideCancel(open([succeededState(), PLANNED], { allowPartialCommit: true }), 'by hand', at(9))
  assert.ok(partial.kind === 'committing')
  assert.deepEqual(summary(partial.changes), ['task 2 canceled', 'process committing', 'table committing'])
  const committing = { status: 'committing', since: T0, commitAttempts: 0, retryAt: T0 } as const
  const late = decideCancel(open([succeededState()], { state: committing }), 'by hand', at(9))
  assert.deepEqual(late, { kind: 'refused', why: 'committing' })
  const ended = { status: 'failed', endedAt: T0, reason: 'x' } as const
  assert.deepEqual(decideCancel(open([FAILED], { state: ended }), 'by hand', at(9)), { kind: 'refused', why: 'ended' })
})

test('a cancel is no failure: the table is planned again when it would be, and waits no longer than it did', () => {
  const backOff = { failures: 2, notBefore: at(1), step: 'executing', reason: 'disk full' } as const
  const running = open([PLANNED])
  const decision = decideCancel({ ...running, table: { ...running.table, backOff } }, 'by hand', at(9))
  assert.ok(decision.kind === 'canceled')
  const patch = decision.changes.find((change) => change.kind === 'patch-table')?.patch
  assert.deepEqual(patch, { state: { phase: 'idle', since: at(9) } })
})
