import { assignmentOf, type Task } from '../records/task.ts'
import type { Slot } from './assign-task.ts'

/** Why a report about a task is refused. */
export type StaleReason = 'not-owner' | 'old-attempt' | 'not-running'

/**
 * Whether the sender holds the task's current attempt. Workers that do not know attempts send none; for them the owner
 * of the task is enough.
 */
export function ownership(task: Task, sender: Slot & { readonly attempt: number | undefined }): 'owner' | StaleReason {
  const assignment = assignmentOf(task)
  if (assignment === undefined) return 'not-running'
  if (sender.attempt !== undefined && sender.attempt !== assignment.attempt) return 'old-attempt'
  return assignment.optimizerId === sender.optimizerId && assignment.threadId === sender.threadId
    ? 'owner'
    : 'not-owner'
}
