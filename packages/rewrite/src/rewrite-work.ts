import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import type { LoadedDeletes } from './deletes/live-rows.ts'
import type { DuckDbSession } from './duckdb/duckdb-pool.ts'
import type { ReadPlan } from './read-plan/read-plan.ts'
import type { Sorting } from './sort/order-by.ts'
import type { PreparedFile } from './staging/prepared-file.ts'
import type { TaskContext } from './task-context.ts'

/** A rewrite whose inputs are staged and whose deletes are loaded: what its steps have in common. */
export type RewriteWork = {
  readonly task: RewriteTask
  readonly context: TaskContext
  /** Of the task, on local disk. */
  readonly directory: string
  readonly plan: ReadPlan
  readonly inputs: readonly PreparedFile[]
  readonly deletes: LoadedDeletes
  readonly sorting: Sorting
  readonly session: DuckDbSession
}
