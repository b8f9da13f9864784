import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { EpochMs } from '@moraine/stdx/brand'
import type { DiscardKey, OutputCommit } from '../records/discard.ts'
import type { OptimizeRequest } from '../records/optimize-request.ts'
import type { Finding, TableEvaluation } from '../records/table-evaluation.ts'
import type { TableName } from '../records/table-name.ts'
import type { TableSettings } from '../records/table-settings.ts'
import type { TaskOutputFigures } from '../records/task.ts'
import type { TableIdentity } from '../tables/rename-table.ts'

/**
 * The work on tables, as the service asks for it. Plans, task inputs and task outputs are opaque text here. Every call
 * may be repeated after a crash, and must then do no harm. Errors are `MoraineError`s; retryable kinds are tried again.
 */
export interface TableMaintenance {
  /** The current metadata file, by the cheapest means there is; `undefined` if there is no such table. */
  findMetadataLocation(table: TableName, signal: AbortSignal): Promise<string | undefined>

  /** What tells the table from others, whatever they are called, by a load; `undefined` if there is no such table. */
  identify(table: TableName, signal: AbortSignal): Promise<TableIdentity | undefined>

  evaluate(request: EvaluateRequest, signal: AbortSignal): Promise<TableEvaluation>

  plan(request: PlanRequest, signal: AbortSignal): Promise<PlannedWork>

  /** What tasks of the table need from now on to reach its files: opaque text with secrets, never to be stored or logged. */
  loadAccess(table: TableName, signal: AbortSignal): Promise<string>

  /**
   * The input that one attempt is sent: as planned, with the output names of that attempt, and with the access if it is to
   * be run. Pure.
   */
  attemptInput(input: string, attempt: AttemptKey, access?: string): string

  /**
   * Holds an attempt's output against its task, as far as that is possible without the table: shape, counts, hashes,
   * evidence, and that its files are those of the attempt. Pure. What is accepted here is still verified as a whole before
   * it is committed.
   */
  checkOutput(input: string, attempt: AttemptKey, output: string): OutputCheck

  /**
   * Commits the results of a process. Must first look whether it already did, by a mark in the snapshot summary, and
   * then report the same. Verifies everything, rebases over what others committed, and leaves out the tasks whose
   * inputs others changed. Asks right before each try whether the table is held. What it throws says that this call has not
   * committed, unless the call was cut short (`timeout`, `aborted`, an outcome that is unknown).
   */
  commit(request: CommitRequest, signal: AbortSignal): Promise<CommitReport>

  /**
   * Deletes the files that the attempt wrote, found by its output names, as far as {@link OutputCommit} lets it; none that the
   * table refers to. It is `done` if none is left that the table does not refer to.
   */
  discard(request: DiscardRequest, signal: AbortSignal): Promise<DiscardReport>
}

export type AttemptKey = DiscardKey

export type DiscardRequest = {
  /** What the table is called, or was when it was there last. */
  readonly table: TableName
  readonly input: string
  readonly attempt: AttemptKey
  readonly commit: OutputCommit
}

export type DiscardReport = { readonly kind: 'done' } | { readonly kind: 'kept'; readonly reason: string }

export type EvaluateRequest = {
  readonly table: TableName
  readonly clocks: ReadonlyMap<string, OptimizingClocks>
  readonly now: EpochMs
  /** The current metadata file, if it was just found; spares a look. */
  readonly metadataLocation?: string
}

export type PlanRequest = Omit<EvaluateRequest, 'metadataLocation'> & {
  readonly processId: ProcessId
  readonly request: Pick<OptimizeRequest, 'type' | 'filter' | 'partitions'>
  /** How much work one plan may hold, in the planner's cost bytes. */
  readonly maxCostBytes: number
}

/** `tasks` may be empty; then `finding` says why nothing is to be done after all. */
export type PlannedWork = {
  readonly metadataLocation: string
  readonly baseSnapshotId: SnapshotId | undefined
  readonly type: OptimizingType
  readonly settings: TableSettings
  readonly finding: Finding
  readonly plan: string
  readonly tasks: readonly PlannedTask[]
}

export type PlannedTask = {
  readonly partitionKey: string
  readonly partitionPath: string
  readonly method: string
  readonly inputFiles: number
  readonly inputBytes: number
  readonly input: string
}

export type OutputCheck =
  | { readonly kind: 'accepted'; readonly figures: TaskOutputFigures }
  | { readonly kind: 'refused'; readonly reason: string }

export type CommitRequest = {
  readonly table: TableName
  readonly processId: ProcessId
  readonly plan: string
  readonly results: readonly CommitResult[]
  /** Whether the commit must not be made now. */
  readonly isHeld: () => Promise<boolean>
}

export type CommitResult = {
  readonly taskId: TaskId
  readonly attempt: number
  readonly input: string
  readonly output: string
}

/**
 * - `settled`: the outcome is certain. `committed` names the tasks whose work is in the table, `refused` those left out
 *   because of a conflict or a failed verification; together they are all that were asked for
 * - `held`: nothing was tried any more, since the table is held
 * - `unknown`: it may or may not have been committed; ask again
 */
export type CommitReport =
  | {
      readonly kind: 'settled'
      readonly committed: readonly TaskId[]
      readonly refused: readonly { readonly taskId: TaskId; readonly reason: string }[]
      /** Of the table after the commit; absent if nothing was committed. */
      readonly snapshotId?: SnapshotId
    }
  | { readonly kind: 'held' }
  | { readonly kind: 'unknown'; readonly reason: string }
