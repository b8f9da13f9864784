import type { TaskState } from '@moraine/lifecycle/task-status'
import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import { boundedReason, type Task, type TaskOutputFigures } from '../records/task.ts'
import { type StateChange, taskGuard } from '../store/state-change.ts'
import type { Slot } from './assign-task.ts'
import { addDiscard } from './list-discard.ts'
import { ownership, type StaleReason } from './ownership.ts'

/** What an attempt came to: an output that passed its check, or a failure in words. */
export type AttemptReport =
  | { readonly kind: 'succeeded'; readonly payload: string; readonly figures: TaskOutputFigures }
  | { readonly kind: 'failed'; readonly reason: string }

/** `repeated`: this very success was accepted before; the sender did not hear the answer. */
export type CompleteDecision =
  | { readonly kind: 'accepted'; readonly changes: readonly StateChange[] }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'stale'; readonly why: StaleReason }

/** A thread reports the end of its attempt. A success is accepted once, from the current attempt only. */
export function completeTask(
  task: Task,
  process: OptimizingProcess,
  sender: Slot & { readonly attempt: number | undefined },
  report: AttemptReport,
  now: EpochMs,
): CompleteDecision {
  const owner = ownership(task, sender)
  if (owner !== 'owner') return { kind: 'stale', why: owner }
  const { state } = task
  if (state.status === 'succeeded') {
    return report.kind === 'succeeded' ? { kind: 'repeated' } : { kind: 'stale', why: 'not-running' }
  }
  if (state.status !== 'acked' || process.state.status !== 'executing') return { kind: 'stale', why: 'not-running' }
  return {
    kind: 'accepted',
    changes:
      report.kind === 'succeeded'
        ? succeed({ ...task, state }, report, now)
        : fail({ ...task, state }, process, report.reason, now),
  }
}

type AckedTask = Task & { readonly state: Extract<TaskState, { status: 'acked' }> }

function succeed(
  task: AckedTask,
  report: Extract<AttemptReport, { kind: 'succeeded' }>,
  now: EpochMs,
): readonly StateChange[] {
  const { processId, taskId } = task
  const { attempts, failures, assignment, scheduledAt } = task.state
  return [
    {
      kind: 'move-task',
      processId,
      taskId,
      from: taskGuard(task),
      state: { status: 'succeeded', attempts, failures, assignment, scheduledAt, endedAt: now },
      output: { payload: report.payload, figures: report.figures },
    },
    {
      kind: 'end-attempt',
      processId,
      taskId,
      attempt: assignment.attempt,
      end: { endedAt: now, outcome: 'succeeded' },
    },
  ]
}

/** Tries again while the table's `self-optimizing.execute.num-retries` allows, else the task has failed for good. */
function fail(task: AckedTask, process: OptimizingProcess, text: string, now: EpochMs): readonly StateChange[] {
  const { state, processId, taskId } = task
  const reason = boundedReason(text)
  const failures = state.failures + 1
  const { attempts } = state
  const { attempt } = state.assignment
  return [
    {
      kind: 'move-task',
      processId,
      taskId,
      from: taskGuard(task),
      state:
        failures <= process.executeRetries
          ? { status: 'planned', attempts, failures, reason }
          : { status: 'failed', attempts, failures, endedAt: now, reason },
    },
    { kind: 'end-attempt', processId, taskId, attempt, end: { endedAt: now, outcome: 'failed', reason } },
    addDiscard(task, { attempt, commit: 'never-tried', dueAt: now }),
  ]
}
