import type { OptimizerId } from '@moraine/lifecycle/identity'
import { type Assignment, TASK_TRANSITIONS } from '@moraine/lifecycle/task-status'
import { nextStatus } from '@moraine/lifecycle/transition-table'
import { assert } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { boundedReason, type Task } from '../records/task.ts'
import { type StateChange, taskGuard } from '../store/state-change.ts'

/** One polling thread of an optimizer. */
export type Slot = { readonly optimizerId: OptimizerId; readonly threadId: number }

/** Hands a planned task to a thread: a new attempt begins, on record from this moment. */
export function assignTask(
  task: Task,
  slot: Slot,
  now: EpochMs,
): { readonly assignment: Assignment; readonly changes: readonly StateChange[] } {
  assert(
    nextStatus(TASK_TRANSITIONS, task.state.status, 'schedule') !== 'illegal',
    `task in status ${task.state.status} is handed out`,
  )
  const attempt = task.state.attempts + 1
  const assignment = { ...slot, attempt }
  const { processId, taskId, tableId } = task
  return {
    assignment,
    changes: [
      {
        kind: 'move-task',
        processId,
        taskId,
        from: taskGuard(task),
        state: {
          status: 'scheduled',
          attempts: attempt,
          failures: task.state.failures,
          assignment,
          scheduledAt: now,
        },
      },
      {
        kind: 'begin-attempt',
        attempt: { processId, taskId, attempt, tableId, ...slot, scheduledAt: now, end: undefined },
      },
    ],
  }
}

/** A planned task that can be given to nobody has failed for good: what hinders it, hinders every thread. */
export function refuseTask(task: Task, reason: string, now: EpochMs): readonly StateChange[] {
  assert(
    nextStatus(TASK_TRANSITIONS, task.state.status, 'refuse') !== 'illegal',
    `task in status ${task.state.status} is refused`,
  )
  const { processId, taskId, state } = task
  return [
    {
      kind: 'move-task',
      processId,
      taskId,
      from: taskGuard(task),
      state: {
        status: 'failed',
        attempts: state.attempts,
        failures: state.failures + 1,
        endedAt: now,
        reason: boundedReason(reason),
      },
    },
  ]
}

/** By this the reason of one that is withheld is told from that of an attempt that failed. */
const WITHHELD = 'not handed out for now: '

/** Why a task is withheld, for as long as it has not been handed out again. */
export function withheldReason({ state }: Task): string | undefined {
  const reason = state.status === 'planned' ? state.reason : undefined
  return reason?.startsWith(WITHHELD) === true ? reason.slice(WITHHELD.length) : undefined
}

/** Says why a planned task is not handed out for now. It is handed out once it can be. */
export function withholdTask(task: Task, reason: string): readonly StateChange[] {
  const { processId, taskId, state } = task
  assert(
    nextStatus(TASK_TRANSITIONS, state.status, 'withhold') !== 'illegal' && state.status === 'planned',
    `task in status ${state.status} is withheld`,
  )
  const { attempts, failures } = state
  const bounded = boundedReason(`${WITHHELD}${reason}`)
  if (state.reason === bounded) return []
  return [
    {
      kind: 'move-task',
      processId,
      taskId,
      from: taskGuard(task),
      state: { status: 'planned', attempts, failures, reason: bounded },
    },
  ]
}
