import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskId } from '@moraine/lifecycle/identity'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import { ZOMBIE_GRACE_MS } from '../records/discard.ts'
import type { StateChange } from '../store/state-change.ts'
import {
  at,
  buildProcess,
  buildTable,
  buildTask,
  OUTPUT_FIGURES,
  PROCESS_1,
  SNAPSHOT,
  succeededState,
  T0,
} from '../testing/build.ts'
import { type CommitTry, nextCommitTry, settleCommit } from './settle-commit.ts'

test('a try that a clock which was ahead has put off is due', () => {
  const { process } = open(9)
  const retryAt = (ms: number) => ({ ...process, state: { ...process.state, retryAt: at(ms) } as ProcessState })
  assert.deepEqual([nextCommitTry(retryAt(60_000), T0), nextCommitTry(retryAt(60_001), T0)], [at(60_000), T0])
})

const taskIds = (...ids: number[]) => ids as TaskId[]

function open(commitAttempts = 0, inDoubt?: boolean) {
  const state: ProcessState = {
    status: 'committing',
    since: T0,
    commitAttempts,
    retryAt: T0,
    ...(inDoubt !== undefined && { inDoubt }),
  }
  const task = (id: number, partitionKey: string) =>
    buildTask({ taskId: id as TaskId, partitionKey, state: succeededState(), output: OUTPUT_FIGURES })
  return {
    process: buildProcess({ state, taskCount: 3, type: 'major' }),
    table: buildTable({
      state: { phase: 'committing', since: T0, type: 'major', processId: PROCESS_1 },
      backOff: { failures: 3, notBefore: T0, step: 'executing', reason: 'before' },
    }),
    tasks: [task(1, 'a'), task(2, 'a'), task(3, 'b')],
  }
}

const settle = (outcome: CommitTry, tries = 0) => settleCommit(open(tries), outcome, at(9))

function pick<K extends StateChange['kind']>(changes: readonly StateChange[], kind: K) {
  return changes.filter((change): change is Extract<StateChange, { kind: K }> => change.kind === kind)
}

test('a whole commit ends everything well: clocks advance, the back-off is over', () => {
  const changes = settle({ kind: 'settled', committed: taskIds(1, 2, 3), refused: [], snapshotId: SNAPSHOT })
  const [process] = pick(changes, 'move-process')
  assert.deepEqual(process?.state, { status: 'succeeded', endedAt: at(9), committedTasks: 3 })
  assert.deepEqual([process?.result?.inputFiles, process?.result?.outputFiles], [39, 3])
  assert.deepEqual(pick(changes, 'set-clocks')[0]?.partitionKeys, ['a', 'b'])
  const [table] = pick(changes, 'patch-table')
  assert.deepEqual(table?.patch, {
    state: { phase: 'idle', since: at(9) },
    optimizedSnapshotId: SNAPSHOT,
    optimizedAt: at(9),
    backOff: undefined,
  })
  assert.deepEqual(pick(changes, 'add-discard'), [])
})

test('tasks in conflict fail alone: the rest counts, their partition stays due, their outputs are deleted', () => {
  const refused = [{ taskId: 2 as TaskId, reason: 'data file x was removed by snapshot 7' }]
  const changes = settle({ kind: 'settled', committed: taskIds(1, 3), refused, snapshotId: SNAPSHOT })
  const [process] = pick(changes, 'move-process')
  assert.ok(process?.state.status === 'succeeded')
  assert.equal(process.state.committedTasks, 2)
  assert.match(process.state.reason ?? '', /task 2 was not committed: data file x was removed/)
  assert.deepEqual(
    pick(changes, 'move-task').map(({ taskId, state }) => [taskId, state.status]),
    [[2, 'failed']],
  )
  assert.deepEqual(pick(changes, 'set-clocks')[0]?.partitionKeys, ['b'])
  assert.deepEqual(
    pick(changes, 'add-discard').map(({ discard }) => discard.taskId),
    [2],
  )
})

test('when nothing could be committed the process fails and the table backs off', () => {
  const refused = taskIds(1, 2, 3).map((taskId) => ({ taskId, reason: 'conflict' }))
  const changes = settle({ kind: 'settled', committed: [], refused })
  assert.equal(pick(changes, 'move-process')[0]?.state.status, 'failed')
  assert.equal(pick(changes, 'add-discard').length, 3)
  assert.deepEqual(pick(changes, 'set-clocks'), [])
  const [table] = pick(changes, 'patch-table')
  assert.equal(table?.patch.backOff?.failures, 4)
  assert.equal(table?.patch.backOff?.step, 'committing')
})

test('an unknown outcome is asked for again with growing pauses, and deletes nothing', () => {
  const next = (tries: number) => {
    const changes = settle({ kind: 'unknown', reason: 'timeout' }, tries)
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ['move-process'],
    )
    const [process] = pick(changes, 'move-process')
    assert.ok(process?.state.status === 'committing')
    return [process.state.commitAttempts, process.state.retryAt - at(9), process.state.reason]
  }
  assert.deepEqual(next(0), [1, 1000, 'timeout'])
  assert.deepEqual(next(3), [4, 8000, 'timeout'])
  assert.deepEqual(next(20), [21, 60_000, 'timeout'])
})

const REFUSED: CommitTry = { kind: 'failed', reason: 'no permission', retryable: false }
const DOWN: CommitTry = { kind: 'failed', reason: 'catalog down', retryable: true }

/** The reason of the failed process, and what becomes of each output. */
function givenUp(changes: readonly StateChange[]) {
  const [process] = pick(changes, 'move-process')
  assert.ok(process?.state.status === 'failed')
  assert.equal(pick(changes, 'patch-table')[0]?.patch.backOff?.step, 'committing')
  const discards = pick(changes, 'add-discard').map(({ discard }) => discard)
  return { reason: process.state.reason, discards }
}

test('a commit of which nobody can say whether it was made keeps its outputs, and lists them', () => {
  for (const changes of [
    settle({ kind: 'unknown', reason: 'timeout' }, 39),
    settle({ ...DOWN, inDoubt: true }, 39),
    // Tries of an earlier version, which did not record it.
    settle(REFUSED, 1),
    settleCommit(open(7, true), REFUSED, at(9)),
  ]) {
    const { reason, discards } = givenUp(changes)
    assert.match(reason, /nobody can say .* the outputs of 3 tasks are kept, and listed as unsettled: /)
    assert.deepEqual(
      discards.map(({ taskId, commit }) => [taskId, commit]),
      [
        [1, 'unknown'],
        [2, 'unknown'],
        [3, 'unknown'],
      ],
    )
  }
})

test('a commit that was certainly not made has its outputs deleted, after the time in which a lost request may arrive', () => {
  for (const changes of [
    settle(REFUSED),
    settleCommit(open(7, false), REFUSED, at(9)),
    settleCommit(open(39, false), DOWN, at(9)),
  ]) {
    const { reason, discards } = givenUp(changes)
    assert.match(reason, /the commit was refused; the outputs of 3 tasks are discarded: .* tries\)/)
    assert.deepEqual(
      discards.map(({ taskId, commit, dueAt }) => [taskId, commit, dueAt - at(9)]),
      [
        [1, 'refused', ZOMBIE_GRACE_MS],
        [2, 'refused', ZOMBIE_GRACE_MS],
        [3, 'refused', ZOMBIE_GRACE_MS],
      ],
    )
  }
})

test('one doubtful try is remembered through all that come after it', () => {
  const inDoubt = (outcome: CommitTry, before?: boolean) => {
    const [process] = pick(settleCommit(open(before === undefined ? 0 : 3, before), outcome, at(9)), 'move-process')
    assert.ok(process?.state.status === 'committing')
    return process.state.inDoubt
  }
  assert.equal(inDoubt(DOWN), false)
  assert.equal(inDoubt({ ...DOWN, inDoubt: true }), true)
  assert.equal(inDoubt({ kind: 'unknown', reason: 'timeout' }), true)
  assert.equal(inDoubt(DOWN, false), false)
  assert.equal(inDoubt(DOWN, true), true)
})
