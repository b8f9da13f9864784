import type { Assignment, TaskState } from '@moraine/lifecycle/task-status'
import type { Attempt, AttemptEnd, Task } from '@moraine/management/records/task'
import { must, unreachable } from '@moraine/stdx/assert'
import type { AttemptRow, TaskRow } from '../schema.ts'
import { fromNullableJson, toJson } from './json-column.ts'

export function taskFromRow(row: TaskRow): Task {
  return {
    processId: row.process_id,
    taskId: row.task_id,
    tableId: row.table_id,
    partitionKey: row.partition_key,
    partitionPath: row.partition_path,
    method: row.method,
    inputFiles: row.input_files,
    inputBytes: row.input_bytes,
    createdAt: row.created_at,
    state: stateFromRow(row),
    output: fromNullableJson(row.output_figures),
  }
}

export function taskToRow(task: Task): TaskRow {
  return {
    process_id: task.processId,
    task_id: task.taskId,
    table_id: task.tableId,
    partition_key: task.partitionKey,
    partition_path: task.partitionPath,
    method: task.method,
    input_files: task.inputFiles,
    input_bytes: task.inputBytes,
    created_at: task.createdAt,
    ...taskStateToRow(task.state),
    output_figures: toJson(task.output),
  }
}

/** Every status column, so that nothing of the state before remains. */
export function taskStateToRow(state: TaskState) {
  const assignment = 'assignment' in state ? state.assignment : undefined
  return {
    status: state.status,
    attempts: state.attempts,
    failures: state.failures,
    optimizer_id: assignment?.optimizerId ?? null,
    thread_id: assignment?.threadId ?? null,
    scheduled_at: 'scheduledAt' in state ? state.scheduledAt : null,
    acked_at: 'ackedAt' in state ? state.ackedAt : null,
    ended_at: 'endedAt' in state ? state.endedAt : null,
    reason: 'reason' in state ? (state.reason ?? null) : null,
  }
}

function stateFromRow(row: TaskRow): TaskState {
  const { status, attempts, failures } = row
  const what = `a ${status} task ${row.process_id}/${row.task_id}`
  const scheduledAt = () => must(row.scheduled_at, `scheduled_at of ${what}`)
  const endedAt = () => must(row.ended_at, `ended_at of ${what}`)
  const counts = { attempts, failures }
  switch (status) {
    case 'planned':
      return { status, ...counts, ...(row.reason !== null && { reason: row.reason }) }
    case 'scheduled':
      return { status, ...counts, assignment: assignmentFromRow(row, what), scheduledAt: scheduledAt() }
    case 'acked': {
      const ackedAt = must(row.acked_at, `acked_at of ${what}`)
      return { status, ...counts, assignment: assignmentFromRow(row, what), scheduledAt: scheduledAt(), ackedAt }
    }
    case 'succeeded': {
      const times = { scheduledAt: scheduledAt(), endedAt: endedAt() }
      return { status, ...counts, assignment: assignmentFromRow(row, what), ...times }
    }
    case 'failed':
    case 'canceled':
      return { status, ...counts, endedAt: endedAt(), reason: must(row.reason, `reason of ${what}`) }
    default:
      return unreachable(status)
  }
}

function assignmentFromRow(row: TaskRow, what: string): Assignment {
  return {
    optimizerId: must(row.optimizer_id, `optimizer_id of ${what}`),
    threadId: must(row.thread_id, `thread_id of ${what}`),
    attempt: row.attempts,
  }
}

export function attemptFromRow(row: AttemptRow): Attempt {
  return {
    processId: row.process_id,
    taskId: row.task_id,
    attempt: row.attempt,
    tableId: row.table_id,
    optimizerId: row.optimizer_id,
    threadId: row.thread_id,
    scheduledAt: row.scheduled_at,
    end: attemptEndFromRow(row),
  }
}

function attemptEndFromRow({ ended_at: endedAt, outcome, reason }: AttemptRow): AttemptEnd | undefined {
  return endedAt === null || outcome === null ? undefined : { endedAt, outcome, ...(reason !== null && { reason }) }
}

export function attemptToRow(attempt: Attempt): AttemptRow {
  return {
    process_id: attempt.processId,
    task_id: attempt.taskId,
    attempt: attempt.attempt,
    table_id: attempt.tableId,
    optimizer_id: attempt.optimizerId,
    thread_id: attempt.threadId,
    scheduled_at: attempt.scheduledAt,
    ended_at: attempt.end?.endedAt ?? null,
    outcome: attempt.end?.outcome ?? null,
    reason: attempt.end?.reason ?? null,
  }
}
