import type { OptimizerId, TaskId } from '@moraine/lifecycle/identity'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import { counted, humanDuration } from '@moraine/stdx/human-text'
import type { Optimizer } from '../records/optimizer.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { TaskCounts } from '../records/process-store.ts'
import { runningAssignment, type Task } from '../records/task.ts'

/** The process that a table is with. */
export type OpenWork = {
  readonly process: OptimizingProcess
  readonly counts: TaskCounts
  /** Tasks that are scheduled or acked, or the first of many. */
  readonly assigned: readonly Task[]
  /** Why its tasks are not handed out, if access to the files of the table could not be had. */
  readonly withheld?: string
}

export type WorkingThread = {
  readonly taskId: TaskId
  readonly partitionPath: string
  readonly attempt: number
  readonly optimizerId: OptimizerId
  readonly threadId: number
  readonly since: EpochMs
  /** `undefined` if the optimizer is gone: the task goes to another. */
  readonly lastHeardAt: EpochMs | undefined
}

export function workingThreads(
  { assigned }: Pick<OpenWork, 'assigned'>,
  optimizers: readonly Optimizer[],
): readonly WorkingThread[] {
  return assigned.flatMap((task) => {
    const assignment = runningAssignment(task)
    if (assignment === undefined || !('scheduledAt' in task.state)) return []
    const state = optimizers.find(({ optimizerId }) => optimizerId === assignment.optimizerId)?.state
    return [
      {
        taskId: task.taskId,
        partitionPath: task.partitionPath,
        ...assignment,
        since: task.state.scheduledAt,
        lastHeardAt: state === undefined || state.status === 'gone' ? undefined : state.touchedAt,
      },
    ]
  })
}

export type Hearing = {
  /** Of the group; those not gone. */
  readonly optimizers: readonly Optimizer[]
  /** `optimizer.heart-beat-timeout` */
  readonly heartbeatTimeoutMs: number
  readonly now: EpochMs
}

/**
 * How many tasks are with optimizers that are lost by now, although nobody has taken them back; with a text also where an
 * optimizer is about to be lost.
 */
export function silence(
  open: Pick<OpenWork, 'assigned'>,
  { optimizers, heartbeatTimeoutMs, now }: Hearing,
): { readonly silent: number; readonly text: string | undefined } {
  const threads = workingThreads(open, optimizers)
  const heard = threads.flatMap(({ lastHeardAt }) => lastHeardAt ?? [])
  const silent = threads.length - heard.filter((at) => now - at < heartbeatTimeoutMs).length
  const timeout = `${humanDuration(heartbeatTimeoutMs)} (optimizer.heart-beat-timeout)`
  if (silent > 0) {
    const tasks = counted(silent, 'task is', 'tasks are')
    return { silent, text: `${tasks} with optimizers that are gone or silent for more than ${timeout}` }
  }
  const longestMs = now - (earliest(heard) ?? now)
  if (longestMs * 2 < heartbeatTimeoutMs) return { silent, text: undefined }
  return { silent, text: `an optimizer has been silent for ${humanDuration(longestMs)} and is lost after ${timeout}` }
}
