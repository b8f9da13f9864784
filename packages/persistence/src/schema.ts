import type { PointerKind } from '@moraine/catalogs/internal/table-pointers'
import type { OptimizerId, ProcessId, ResourceId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { OptimizerStatus } from '@moraine/lifecycle/optimizer-status'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessStatus } from '@moraine/lifecycle/process-status'
import type { ResourceStatus } from '@moraine/lifecycle/resource-status'
import type { TablePhase } from '@moraine/lifecycle/table-phase'
import type { TaskStatus } from '@moraine/lifecycle/task-status'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import type { OutputCommit } from '@moraine/management/records/discard'
import type { TableFormat } from '@moraine/management/records/managed-table'
import type { AttemptOutcome } from '@moraine/management/records/task'
import type { EpochMs } from '@moraine/stdx/brand'

/**
 * The tables of the database, the same on every engine. Times are epoch milliseconds, booleans 0 or 1, JSON and 64-bit
 * ids text. Names of any length and letter case are found by their SHA-256 (`*_hash`).
 */
export type Database = {
  id_sequence: { name: string; last_value: number }
  managed_table: ManagedTableRow
  partition_clock: {
    table_id: TableId
    partition_hash: string
    partition_key: string
    minor_at: EpochMs
    major_at: EpochMs
    full_at: EpochMs
  }
  optimizing_process: ProcessRow
  process_plan: { process_id: ProcessId; plan: string }
  task: TaskRow
  task_input: { process_id: ProcessId; task_id: TaskId; input: string }
  task_output: { process_id: ProcessId; task_id: TaskId; output: string }
  task_attempt: AttemptRow
  output_discard: {
    process_id: ProcessId
    task_id: TaskId
    attempt: number
    table_id: TableId
    due_at: EpochMs
    commit_outcome: OutputCommit
    tries: number
    reason: string | null
    table_name: string | null
  }
  optimizer: OptimizerRow
  resource: ResourceRow
  resource_group: { name: string; container: string; properties: string }
  group_allocation: { group_name: string; allocation: string }
  managed_catalog: {
    name: string
    type: CatalogType
    properties: string
    storage_config: string | null
    auth_config: string | null
    secrets: string | null
    version: number
  }
  catalog_namespace: {
    catalog_name: string
    namespace_hash: string
    parent_hash: string
    namespace: string
    name: string
    properties: string
  }
  dropped_table: {
    drop_id: string
    catalog_name: string
    kind: PointerKind
    namespace: string
    name: string
    metadata_location: string
    places: string | null
    dropped_at: EpochMs
    purge_at: EpochMs
    purges_files: 0 | 1
    /** 1 once its purge has begun: it cannot be had back any more. */
    is_purging: 0 | 1
  }
  answered_request: {
    key_hash: string
    request_hash: string
    status: number
    content: string
    expires_at: EpochMs
    /** Which server is at work on the answer; empty once it is there. */
    holder: string
  }
  principal: PrincipalRow
  access_credential: CredentialRow
  metrics_report: MetricsReportRow
  /** `holder` is empty where it was released. */
  table_blocker: {
    blocker_id: string
    table_id: TableId
    operations: string
    properties: string
    created_at: EpochMs
    /** By the clock of the database. */
    expires_at: number
  }
  uploaded_file: { file_id: string; name: string; content: string; expires_at: EpochMs }
  lease: { name: string; holder: string; epoch: number; expires_at: number; address: string }
  /** Each place of each table and view, dropped or not, and each folder around one or around its metadata file. */
  pointer_folder: { folder_hash: string; owner: string; is_place: number }
  /** Tables and views, which share their names. */
  catalog_table: {
    kind: PointerKind
    catalog_name: string
    table_hash: string
    namespace_hash: string
    namespace: string
    name: string
    metadata_location: string
    /** A JSON list of text; `null` for those that were there before places were kept, until their next commit. */
    places: string | null
  }
}

export type PrincipalRow = { name: string; grants: string; created_at: EpochMs }

export type CredentialRow = {
  id: string
  principal: string
  secret_hash: string
  note: string
  created_at: EpochMs
  expires_at: EpochMs | null
}

export type MetricsReportRow = {
  report_id: string
  table_hash: string
  catalog_name: string
  namespace: string
  name: string
  kind: 'scan' | 'commit'
  snapshot_id: string
  principal: string
  received_at: EpochMs
  report: string
}

export type ManagedTableRow = {
  table_id: TableId
  name_hash: string
  catalog_name: string
  namespace: string
  table_name: string
  format: TableFormat
  created_at: EpochMs
  version: number
  group_name: string
  phase: TablePhase
  phase_since: EpochMs
  optimizing_type: OptimizingType | null
  process_id: ProcessId | null
  settings: string
  evaluation: string | null
  /** Of the UUID of the table that was evaluated. */
  uuid_hash: string | null
  evaluated_at: EpochMs | null
  refresh_failure: string | null
  empty_plan: string | null
  optimized_snapshot_id: string | null
  optimized_at: EpochMs | null
  planned_at: EpochMs | null
  back_off: string | null
  request: string | null
  /** Of the request. */
  requested_at: EpochMs | null
  last_request: string | null
  pause: string | null
}

export type ProcessRow = {
  process_id: ProcessId
  table_id: TableId
  group_name: string
  optimizing_type: OptimizingType
  created_at: EpochMs
  base_snapshot_id: string
  metadata_location: string
  quota: number
  execute_retries: number
  allow_partial_commit: number
  is_requested: number
  task_count: number
  input_files: number
  input_bytes: number
  status: ProcessStatus
  commit_attempts: number
  ended_at: EpochMs | null
  state: string
  result: string | null
}

export type TaskRow = {
  process_id: ProcessId
  task_id: TaskId
  table_id: TableId
  partition_key: string
  partition_path: string
  method: string
  input_files: number
  input_bytes: number
  created_at: EpochMs
  status: TaskStatus
  attempts: number
  failures: number
  optimizer_id: OptimizerId | null
  thread_id: number | null
  scheduled_at: EpochMs | null
  acked_at: EpochMs | null
  ended_at: EpochMs | null
  reason: string | null
  output_figures: string | null
}

export type AttemptRow = {
  process_id: ProcessId
  task_id: TaskId
  attempt: number
  table_id: TableId
  optimizer_id: OptimizerId
  thread_id: number
  scheduled_at: EpochMs
  ended_at: EpochMs | null
  outcome: AttemptOutcome | null
  reason: string | null
}

export type OptimizerRow = {
  optimizer_id: OptimizerId
  token_hash: string
  group_name: string
  container: string
  resource_id: string
  threads: number
  memory_mb: number
  registered_at: EpochMs
  properties: string
  status: OptimizerStatus
  touched_at: EpochMs
  gone_at: EpochMs | null
  reason: string | null
}

export type ResourceRow = {
  resource_id: ResourceId
  group_name: string
  container: string
  threads: number
  memory_mb: number
  requested_at: EpochMs
  request_reason: string
  status: ResourceStatus
  attempts: number
  retry_at: EpochMs | null
  failure: string | null
  launched_at: EpochMs | null
  releasing_at: EpochMs | null
  ended_at: EpochMs | null
  reason: string | null
  is_failure: number
}
