import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIVE_OPTIMIZER, OPTIMIZER_TRANSITIONS, type OptimizerEvent, type OptimizerStatus } from './optimizer-status.ts'
import { ENDED_PROCESS, PROCESS_TRANSITIONS, type ProcessEvent, type ProcessStatus } from './process-status.ts'
import { LIVE_RESOURCE, RESOURCE_TRANSITIONS, type ResourceEvent, type ResourceStatus } from './resource-status.ts'
import { TABLE_TRANSITIONS, type TableEvent, type TablePhase } from './table-phase.ts'
import { ASSIGNED_TASK, OPEN_TASK, TASK_TRANSITIONS, type TaskEvent, type TaskStatus } from './task-status.ts'
import { hasStatus, nextStatus, type TransitionTable, terminalStatuses } from './transition-table.ts'

// The truth tables: every state, every event, nothing left out.
type TruthTable<Status extends string, Event extends string> = Record<Status, Record<Event, Status | 'illegal'>>

const no = 'illegal'

const TABLE: TruthTable<TablePhase, TableEvent> = {
  idle: {
    needWork: 'pending',
    needNothing: no,
    beginPlanning: no,
    emptyPlan: no,
    failPlanning: no,
    abandonPlanning: no,
    acceptPlan: no,
    finishTasks: no,
    endProcess: no,
    release: no,
  },
  pending: {
    needWork: 'pending',
    needNothing: 'idle',
    beginPlanning: 'planning',
    emptyPlan: no,
    failPlanning: no,
    abandonPlanning: no,
    acceptPlan: no,
    finishTasks: no,
    endProcess: no,
    release: 'idle',
  },
  planning: {
    needWork: no,
    needNothing: no,
    beginPlanning: no,
    emptyPlan: 'idle',
    failPlanning: 'pending',
    abandonPlanning: 'pending',
    acceptPlan: 'executing',
    finishTasks: no,
    endProcess: no,
    release: 'idle',
  },
  executing: {
    needWork: no,
    needNothing: no,
    beginPlanning: no,
    emptyPlan: no,
    failPlanning: no,
    abandonPlanning: no,
    acceptPlan: no,
    finishTasks: 'committing',
    endProcess: 'idle',
    release: no,
  },
  committing: {
    needWork: no,
    needNothing: no,
    beginPlanning: no,
    emptyPlan: no,
    failPlanning: no,
    abandonPlanning: no,
    acceptPlan: no,
    finishTasks: no,
    endProcess: 'idle',
    release: no,
  },
}

const PROCESS: TruthTable<ProcessStatus, ProcessEvent> = {
  executing: { finishTasks: 'committing', retryCommit: no, commit: no, fail: 'failed', cancel: 'canceled' },
  committing: { finishTasks: no, retryCommit: 'committing', commit: 'succeeded', fail: 'failed', cancel: no },
  succeeded: { finishTasks: no, retryCommit: no, commit: no, fail: no, cancel: no },
  failed: { finishTasks: no, retryCommit: no, commit: no, fail: no, cancel: no },
  canceled: { finishTasks: no, retryCommit: no, commit: no, fail: no, cancel: no },
}

const TASK: TruthTable<TaskStatus, TaskEvent> = {
  planned: {
    schedule: 'scheduled',
    refuse: 'failed',
    withhold: 'planned',
    ack: no,
    succeed: no,
    retry: no,
    fail: no,
    reset: no,
    conflict: no,
    cancel: 'canceled',
  },
  scheduled: {
    schedule: no,
    refuse: no,
    withhold: no,
    ack: 'acked',
    succeed: no,
    retry: no,
    fail: no,
    reset: 'planned',
    conflict: no,
    cancel: 'canceled',
  },
  acked: {
    schedule: no,
    refuse: no,
    withhold: no,
    ack: no,
    succeed: 'succeeded',
    retry: 'planned',
    fail: 'failed',
    reset: 'planned',
    conflict: no,
    cancel: 'canceled',
  },
  succeeded: {
    schedule: no,
    refuse: no,
    withhold: no,
    ack: no,
    succeed: no,
    retry: no,
    fail: no,
    reset: no,
    conflict: 'failed',
    cancel: no,
  },
  failed: {
    schedule: no,
    refuse: no,
    withhold: no,
    ack: no,
    succeed: no,
    retry: no,
    fail: no,
    reset: no,
    conflict: no,
    cancel: no,
  },
  canceled: {
    schedule: no,
    refuse: no,
    withhold: no,
    ack: no,
    succeed: no,
    retry: no,
    fail: no,
    reset: no,
    conflict: no,
    cancel: no,
  },
}

const OPTIMIZER: TruthTable<OptimizerStatus, OptimizerEvent> = {
  active: { touch: 'active', drain: 'draining', leave: 'gone', expire: 'gone' },
  draining: { touch: 'draining', drain: 'draining', leave: 'gone', expire: 'gone' },
  gone: { touch: no, drain: no, leave: no, expire: no },
}

const RESOURCE: TruthTable<ResourceStatus, ResourceEvent> = {
  requested: { launch: 'launched', refuse: 'requested', abandon: 'ended', release: no, vanish: no, finish: no },
  launched: { launch: no, refuse: no, abandon: no, release: 'releasing', vanish: 'ended', finish: no },
  releasing: { launch: no, refuse: 'releasing', abandon: no, release: no, vanish: 'ended', finish: 'ended' },
  ended: { launch: no, refuse: no, abandon: no, release: no, vanish: no, finish: no },
}

function checks<S extends string, E extends string>(
  name: string,
  table: TransitionTable<S, E>,
  truth: TruthTable<S, E>,
  initial: S,
) {
  test(`${name}: every state and event leads where the truth table says`, () => {
    const actual = Object.fromEntries(
      (Object.keys(truth) as S[]).map((status) => [
        status,
        Object.fromEntries(
          (Object.keys(truth[status]) as E[]).map((event) => [event, nextStatus(table, status, event)]),
        ),
      ]),
    )
    assert.deepEqual(actual, truth)
  })

  test(`${name}: every state can be reached and has a way out unless it is an end`, () => {
    const reached = new Set<string>([initial])
    for (let before = 0; before < reached.size; ) {
      before = reached.size
      for (const status of [...reached] as S[]) {
        for (const event of Object.keys(truth[status]) as E[]) reached.add(table[status][event] ?? status)
      }
    }
    assert.deepEqual([...reached].sort(), Object.keys(table).sort())
  })
}

checks('table', TABLE_TRANSITIONS, TABLE, 'idle')
checks('process', PROCESS_TRANSITIONS, PROCESS, 'executing')
checks('task', TASK_TRANSITIONS, TASK, 'planned')
checks('optimizer', OPTIMIZER_TRANSITIONS, OPTIMIZER, 'active')
checks('resource', RESOURCE_TRANSITIONS, RESOURCE, 'requested')

test('ends are the states without events', () => {
  assert.deepEqual(terminalStatuses(TABLE_TRANSITIONS), [])
  assert.deepEqual(terminalStatuses(PROCESS_TRANSITIONS), ['succeeded', 'failed', 'canceled'])
  assert.deepEqual(terminalStatuses(TASK_TRANSITIONS), ['failed', 'canceled'])
  assert.deepEqual(terminalStatuses(OPTIMIZER_TRANSITIONS), ['gone'])
  assert.deepEqual(terminalStatuses(RESOURCE_TRANSITIONS), ['ended'])
})

test('a running process can be canceled, a committing one cannot', () => {
  assert.equal(nextStatus(PROCESS_TRANSITIONS, 'executing', 'cancel'), 'canceled')
  assert.equal(nextStatus(PROCESS_TRANSITIONS, 'committing', 'cancel'), 'illegal')
})

test('what lives can still become something, and what has ended cannot', () => {
  const restOf = (statuses: object, some: readonly string[]) =>
    Object.keys(statuses).filter((one) => !some.includes(one))
  assert.deepEqual(restOf(OPTIMIZER_TRANSITIONS, LIVE_OPTIMIZER), terminalStatuses(OPTIMIZER_TRANSITIONS))
  assert.deepEqual(restOf(RESOURCE_TRANSITIONS, LIVE_RESOURCE), terminalStatuses(RESOURCE_TRANSITIONS))
  assert.deepEqual(ENDED_PROCESS, terminalStatuses(PROCESS_TRANSITIONS))
})

test('a task is open until its process need not wait for it, and assigned while a thread has it', () => {
  assert.deepEqual(OPEN_TASK, ['planned', 'scheduled', 'acked'])
  assert.deepEqual(ASSIGNED_TASK, ['scheduled', 'acked'])
  const cancelable = Object.entries(TASK_TRANSITIONS).filter(([, events]) => 'cancel' in events)
  assert.deepEqual(
    cancelable.map(([status]) => status),
    OPEN_TASK,
  )
  assert.equal(hasStatus({ status: 'acked' }, ASSIGNED_TASK), true)
  assert.equal(hasStatus({ status: 'succeeded' }, ASSIGNED_TASK), false)
})
