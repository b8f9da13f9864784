import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskState } from '@moraine/lifecycle/task-status'
import { at, buildTask, OPTIMIZER_1 } from '../testing/build.ts'
import { resetTask } from './give-up-attempt.ts'

const assignment = { optimizerId: OPTIMIZER_1, threadId: 0, attempt: 1 }

/** What becomes of a task that is taken back in its n-th attempt, so many of which reported a failure. */
function after(attempts: number, failures: number, status: 'scheduled' | 'acked' = 'acked'): TaskState | undefined {
  const state = { status, attempts, failures, assignment, scheduledAt: at(1), ackedAt: at(2) }
  const [move] = resetTask(buildTask({ state }), 'its optimizer is gone', at(9))
  return move?.kind === 'move-task' ? move.state : undefined
}

test('a task whose attempts are lost again and again has failed at last', () => {
  assert.equal(after(9, 0)?.status, 'planned')
  assert.deepEqual(after(10, 0), {
    ...{ status: 'failed', attempts: 10, failures: 0, endedAt: at(9) },
    reason:
      '10 attempts were lost, with their optimizers, by taking too long or without being begun, the last: its optimizer is gone',
  })
})

test('attempts that failed, and those that no thread has begun, are not lost ones', () => {
  assert.equal(after(12, 3)?.status, 'planned')
  assert.equal(after(99, 0, 'scheduled')?.status, 'planned')
})

test('a task that nobody ever begins has failed in the end', () => {
  assert.equal(after(100, 0, 'scheduled')?.status, 'failed')
})
