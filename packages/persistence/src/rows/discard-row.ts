import type { Discard } from '@moraine/management/records/discard'
import type { Database } from '../schema.ts'
import { fromNullableJson, toJson } from './json-column.ts'

type DiscardRow = Database['output_discard']

export function discardFromRow(row: DiscardRow): Discard {
  return {
    processId: row.process_id,
    taskId: row.task_id,
    attempt: row.attempt,
    tableId: row.table_id,
    commit: row.commit_outcome,
    dueAt: row.due_at,
    tries: row.tries,
    reason: row.reason ?? undefined,
    table: fromNullableJson(row.table_name),
  }
}

export function discardToRow(discard: Discard): DiscardRow {
  return {
    process_id: discard.processId,
    task_id: discard.taskId,
    attempt: discard.attempt,
    table_id: discard.tableId,
    due_at: discard.dueAt,
    commit_outcome: discard.commit,
    tries: discard.tries,
    reason: discard.reason ?? null,
    table_name: toJson(discard.table),
  }
}
