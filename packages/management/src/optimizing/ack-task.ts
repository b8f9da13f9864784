import type { EpochMs } from '@moraine/stdx/brand'
import type { Task } from '../records/task.ts'
import { type StateChange, taskGuard } from '../store/state-change.ts'
import type { Slot } from './assign-task.ts'
import { ownership, type StaleReason } from './ownership.ts'

export type AckDecision =
  | { readonly kind: 'accepted'; readonly changes: readonly StateChange[] }
  | { readonly kind: 'stale'; readonly why: StaleReason }

/** A thread says that it has begun. Saying so twice is fine; a thread that is refused must not run the task. */
export function ackTask(
  task: Task,
  sender: Slot & { readonly attempt: number | undefined },
  now: EpochMs,
): AckDecision {
  const owner = ownership(task, sender)
  if (owner !== 'owner') return { kind: 'stale', why: owner }
  const { state } = task
  if (state.status === 'acked') return { kind: 'accepted', changes: [] }
  if (state.status !== 'scheduled') return { kind: 'stale', why: 'not-running' }
  return {
    kind: 'accepted',
    changes: [
      {
        kind: 'move-task',
        processId: task.processId,
        taskId: task.taskId,
        from: taskGuard(task),
        state: { ...state, status: 'acked', ackedAt: now },
      },
    ],
  }
}
