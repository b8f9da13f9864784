import { OPEN_TASK } from '@moraine/lifecycle/task-status'
import { hasStatus } from '@moraine/lifecycle/transition-table'
import { must } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { ZOMBIE_GRACE_MS } from '../records/discard.ts'
import { boundedReason, runningAssignment, type Task } from '../records/task.ts'
import { type StateChange, taskGuard } from '../store/state-change.ts'
import { addDiscard } from './list-discard.ts'

/** So often a task may take its optimizer with it, or all of its time, before that is taken for its own doing. */
const LOST_MAX = 10
/** So often it may be handed to threads that never say that they have it: that is their doing, until there are only such. */
const UNCONFIRMED_MAX = 100

/**
 * Takes a running task back from a thread that is gone, late or has forgotten it. The next attempt has another number,
 * so whatever the old one still reports is refused; what it still writes is deleted later. One of which every attempt is lost
 * has failed: it would go round for ever.
 */
export function resetTask(task: Task, reason: string, now: EpochMs): readonly StateChange[] {
  if (runningAssignment(task) === undefined) return []
  const { attempts, failures } = task.state
  const lost = attempts - failures
  const isHopeless = lost >= (task.state.status === 'acked' ? LOST_MAX : UNCONFIRMED_MAX)
  const whyFailed = `${lost} attempts were lost, with their optimizers, by taking too long or without being begun, the last: ${reason}`
  return [
    {
      kind: 'move-task',
      processId: task.processId,
      taskId: task.taskId,
      from: taskGuard(task),
      state: isHopeless
        ? { status: 'failed', attempts, failures, endedAt: now, reason: boundedReason(whyFailed) }
        : { status: 'planned', attempts, failures, reason: boundedReason(reason) },
    },
    ...endRunningAttempt(task, 'lost', reason, now),
  ]
}

/** Ends a task because its process ends. One that has ended already is left as it is. */
export function cancelTask(task: Task, reason: string, now: EpochMs): readonly StateChange[] {
  if (!hasStatus(task.state, OPEN_TASK)) return []
  const { attempts, failures } = task.state
  return [
    {
      kind: 'move-task',
      processId: task.processId,
      taskId: task.taskId,
      from: taskGuard(task),
      state: { status: 'canceled', attempts, failures, endedAt: now, reason: boundedReason(reason) },
    },
    ...(runningAssignment(task) === undefined ? [] : endRunningAttempt(task, 'canceled', reason, now)),
  ]
}

function endRunningAttempt(
  task: Task,
  outcome: 'lost' | 'canceled',
  reason: string,
  now: EpochMs,
): readonly StateChange[] {
  const { state, processId, taskId } = task
  const { attempt } = must(runningAssignment(task), `the attempt of a task in status ${state.status}`)
  return [
    {
      kind: 'end-attempt',
      processId,
      taskId,
      attempt,
      end: { endedAt: now, outcome, reason: boundedReason(reason) },
    },
    addDiscard(task, { attempt, commit: 'never-tried', dueAt: later(now, ZOMBIE_GRACE_MS) }),
  ]
}
