import type { OptimizerId, ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import { ASSIGNED_TASK, type TaskState } from '@moraine/lifecycle/task-status'
import { hasStatus } from '@moraine/lifecycle/transition-table'
import type { EpochMs } from '@moraine/stdx/brand'

/** One rewrite group of a process, as the service follows it. What is to be done is opaque text, kept apart. */
export type Task = {
  readonly processId: ProcessId
  readonly taskId: TaskId
  readonly tableId: TableId
  /** Canonical name of the partition, for its clocks. */
  readonly partitionKey: string
  /** For people: `region=eu/id_bucket=3`; empty if unpartitioned. */
  readonly partitionPath: string
  readonly method: string
  readonly inputFiles: number
  readonly inputBytes: number
  readonly createdAt: EpochMs
  readonly state: TaskState
  readonly output: TaskOutputFigures | undefined
}

export type TaskOutputFigures = {
  readonly files: number
  readonly bytes: number
  readonly records: number
  /** What was done, if the footers ruled out the planned method. */
  readonly method: string
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly peakRssBytes: number
}

/** One run of a task. Kept after the task has moved on: quota is derived from these records, never from a counter. */
export type Attempt = {
  readonly processId: ProcessId
  readonly taskId: TaskId
  readonly attempt: number
  readonly tableId: TableId
  readonly optimizerId: OptimizerId
  readonly threadId: number
  readonly scheduledAt: EpochMs
  readonly end: AttemptEnd | undefined
}

export type AttemptEnd = {
  readonly endedAt: EpochMs
  readonly outcome: AttemptOutcome
  readonly reason?: string
}

/** `lost`: given up by the service because its owner was gone, late or silent. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'lost' | 'canceled'

/** The assignment of a task that is with a thread. */
export function runningAssignment({ state }: Pick<Task, 'state'>) {
  return hasStatus(state, ASSIGNED_TASK) ? state.assignment : undefined
}

/** Whether a thread of one of these optimizers has it. */
export function isWithOneOf(optimizers: ReadonlySet<OptimizerId>, task: Pick<Task, 'state'>): boolean {
  const assignment = runningAssignment(task)
  return assignment !== undefined && optimizers.has(assignment.optimizerId)
}

/** The assignment a task is under: it is with a thread, or was when it succeeded. */
export function assignmentOf(task: Task) {
  const { state } = task
  return state.status === 'scheduled' || state.status === 'acked' || state.status === 'succeeded'
    ? state.assignment
    : undefined
}

/** Failure texts are kept to this length. */
const REASON_LENGTH_MAX = 4000

/** As it can be stored: databases do not take U+0000, which may come from anybody's files. */
export function boundedReason(reason: string): string {
  const text = reason.replaceAll('\0', '\\u0000')
  return text.length <= REASON_LENGTH_MAX ? text : `${text.slice(0, REASON_LENGTH_MAX - 3)}...`
}
