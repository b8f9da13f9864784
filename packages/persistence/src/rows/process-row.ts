import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { OptimizingProcess, ProcessResult } from '@moraine/management/records/optimizing-process'
import type { ProcessRow } from '../schema.ts'
import { fromJson } from './json-column.ts'
import { snapshotIdFromText } from './table-row.ts'

export function processFromRow(row: ProcessRow): OptimizingProcess {
  return {
    processId: row.process_id,
    tableId: row.table_id,
    group: row.group_name,
    type: row.optimizing_type,
    createdAt: row.created_at,
    baseSnapshotId: BigInt(row.base_snapshot_id) as OptimizingProcess['baseSnapshotId'],
    metadataLocation: row.metadata_location,
    quota: row.quota,
    executeRetries: row.execute_retries,
    allowPartialCommit: row.allow_partial_commit === 1,
    isRequested: row.is_requested === 1,
    taskCount: row.task_count,
    inputFiles: row.input_files,
    inputBytes: row.input_bytes,
    state: fromJson<ProcessState>(row.state),
    result: resultFromJson(row.result),
  }
}

export function processToRow(process: OptimizingProcess): ProcessRow {
  return {
    process_id: process.processId,
    table_id: process.tableId,
    group_name: process.group,
    optimizing_type: process.type,
    created_at: process.createdAt,
    base_snapshot_id: process.baseSnapshotId.toString(),
    metadata_location: process.metadataLocation,
    quota: process.quota,
    execute_retries: process.executeRetries,
    allow_partial_commit: process.allowPartialCommit ? 1 : 0,
    is_requested: process.isRequested ? 1 : 0,
    task_count: process.taskCount,
    input_files: process.inputFiles,
    input_bytes: process.inputBytes,
    ...processStateToRow(process.state),
    result: process.result === undefined ? null : resultToJson(process.result),
  }
}

/** The state as JSON, and the parts of it that guards and lists look at. */
export function processStateToRow(state: ProcessState) {
  return {
    status: state.status,
    commit_attempts: state.status === 'committing' ? state.commitAttempts : 0,
    ended_at: 'endedAt' in state ? state.endedAt : null,
    state: JSON.stringify(state),
  }
}

export function resultToJson(result: ProcessResult): string {
  return JSON.stringify({ ...result, snapshotId: result.snapshotId?.toString() ?? null })
}

function resultFromJson(text: string | null): ProcessResult | undefined {
  if (text === null) return undefined
  const stored = fromJson<Omit<ProcessResult, 'snapshotId'> & { readonly snapshotId: string | null }>(text)
  return { ...stored, snapshotId: snapshotIdFromText(stored.snapshotId), healthBefore: stored.healthBefore }
}
