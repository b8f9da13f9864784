import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { Task } from '../records/task.ts'
import {
  ackedState,
  at,
  buildProcess,
  buildTask,
  OPTIMIZER_2,
  OUTPUT_FIGURES,
  SLOT_1,
  scheduledState,
  succeededState,
} from '../testing/build.ts'
import { ackTask } from './ack-task.ts'
import { type AttemptReport, completeTask } from './complete-task.ts'

const OK: AttemptReport = { kind: 'succeeded', payload: '{}', figures: OUTPUT_FIGURES }
const BAD: AttemptReport = { kind: 'failed', reason: 'disk full' }

function complete(
  state: Task['state'],
  report: AttemptReport = OK,
  sender: { threadId?: number; attempt?: number | undefined; optimizerId?: typeof OPTIMIZER_2 } = {},
  process: Partial<ReturnType<typeof buildProcess>> = {},
) {
  const from = { ...SLOT_1, attempt: 1, ...sender }
  return completeTask(buildTask({ state }), buildProcess(process), from, report, at(20))
}

test('a success of the current attempt ends the task', () => {
  const decision = complete(ackedState())
  assert.equal(decision.kind, 'accepted')
  assert.deepEqual(decision.kind === 'accepted' && decision.changes.map(({ kind }) => kind), [
    'move-task',
    'end-attempt',
  ])
})

test('the same success again is a repetition, not a refusal: its files are in use', () => {
  assert.deepEqual(complete(succeededState()), { kind: 'repeated' })
  assert.deepEqual(complete(succeededState(2)), { kind: 'stale', why: 'old-attempt' })
  assert.deepEqual(complete(succeededState(), BAD), { kind: 'stale', why: 'not-running' })
})

test('others, older attempts and ended processes are refused', () => {
  assert.deepEqual(complete(ackedState(2)), { kind: 'stale', why: 'old-attempt' })
  assert.deepEqual(complete(ackedState(), OK, { threadId: 1 }), { kind: 'stale', why: 'not-owner' })
  assert.deepEqual(complete(ackedState(), OK, { optimizerId: OPTIMIZER_2 }), { kind: 'stale', why: 'not-owner' })
  assert.deepEqual(complete({ status: 'planned', attempts: 1, failures: 0 }), { kind: 'stale', why: 'not-running' })
  const ended: ProcessState = { status: 'canceled', endedAt: at(5), reason: 'by hand' }
  assert.deepEqual(complete(ackedState(), OK, {}, { state: ended }), { kind: 'stale', why: 'not-running' })
})

test('a result without an acknowledgement is refused', () => {
  assert.deepEqual(complete(scheduledState()), { kind: 'stale', why: 'not-running' })
})

test('a sender that knows no attempts is judged by ownership alone', () => {
  assert.equal(complete(ackedState(3), OK, { attempt: undefined }).kind, 'accepted')
})

test('a failure is tried again while retries are left, then is final; its files are deleted at once', () => {
  const task = (failures: number) => {
    const decision = complete(ackedState(1, failures), BAD, {}, { executeRetries: 1 })
    assert.ok(decision.kind === 'accepted')
    const [moved, , discard] = decision.changes
    assert.ok(moved?.kind === 'move-task' && discard?.kind === 'add-discard')
    assert.equal(discard.discard.dueAt, at(20))
    return moved.state
  }
  assert.deepEqual(task(0), { status: 'planned', attempts: 1, failures: 1, reason: 'disk full' })
  assert.deepEqual(task(1), { status: 'failed', attempts: 1, failures: 2, endedAt: at(20), reason: 'disk full' })
})

test('an acknowledgement may be repeated, and is refused to whoever lost the task', () => {
  const ack = (state: Task['state'], attempt = 1) => ackTask(buildTask({ state }), { ...SLOT_1, attempt }, at(3))
  assert.equal(ack(scheduledState()).kind, 'accepted')
  assert.deepEqual(ack(ackedState()), { kind: 'accepted', changes: [] })
  assert.deepEqual(ack(scheduledState(2)), { kind: 'stale', why: 'old-attempt' })
  assert.deepEqual(ack({ status: 'planned', attempts: 1, failures: 0 }), { kind: 'stale', why: 'not-running' })
  assert.deepEqual(ack(succeededState()), { kind: 'stale', why: 'not-running' })
})
