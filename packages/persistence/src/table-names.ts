import type { Database } from './schema.ts'

const TABLES = {
  id_sequence: true,
  managed_table: true,
  partition_clock: true,
  optimizing_process: true,
  process_plan: true,
  task: true,
  task_input: true,
  task_output: true,
  task_attempt: true,
  output_discard: true,
  optimizer: true,
  resource: true,
  resource_group: true,
  group_allocation: true,
  managed_catalog: true,
  catalog_namespace: true,
  dropped_table: true,
  answered_request: true,
  principal: true,
  access_credential: true,
  metrics_report: true,
  catalog_table: true,
  pointer_folder: true,
  table_blocker: true,
  lease: true,
  uploaded_file: true,
} as const satisfies Record<keyof Database, true>

/** Every table of the service. */
export const TABLE_NAMES: readonly string[] = Object.keys(TABLES)
