import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { TableState } from '@moraine/lifecycle/table-phase'
import type { EpochMs } from '@moraine/stdx/brand'
import type { BackOff } from './back-off.ts'
import type { OptimizeRequest, PastRequest } from './optimize-request.ts'
import type { Pause } from './pause.ts'
import type { Finding, TableEvaluation } from './table-evaluation.ts'
import type { TableName } from './table-name.ts'
import type { TableSettings } from './table-settings.ts'

/** A table the service looks after. One value holds everything that decides what happens to it next. */
export type ManagedTable = {
  readonly tableId: TableId
  readonly name: TableName
  readonly format: TableFormat
  readonly createdAt: EpochMs
  /** Raised by every change of the row; a writer that saw another version loses. */
  readonly version: number
  readonly settings: TableSettings
  readonly state: TableState
  readonly evaluation: TableEvaluation | undefined
  readonly evaluatedAt: EpochMs | undefined
  /** The last evaluation could not be made. */
  readonly refreshFailure: RefreshFailure | undefined
  /** The metadata file for which planning found no task, though an evaluation had seen work of this type. */
  readonly emptyPlan: EmptyPlan | undefined
  /** The snapshot that the last successful process was planned from. */
  readonly optimizedSnapshotId: SnapshotId | undefined
  readonly optimizedAt: EpochMs | undefined
  readonly plannedAt: EpochMs | undefined
  readonly backOff: BackOff | undefined
  /** A person asked for optimizing; kept until a plan has been made. */
  readonly request: OptimizeRequest | undefined
  /** What became of the last request that is answered. */
  readonly lastRequest: PastRequest | undefined
  readonly pause: Pause | undefined
}

/** A table that waits to be planned: all that decides whether and when it is. */
export type PendingTable = Pick<
  ManagedTable,
  'tableId' | 'name' | 'version' | 'settings' | 'state' | 'optimizedAt' | 'plannedAt' | 'backOff' | 'request' | 'pause'
>

export type TableFormat = 'ICEBERG' | 'MIXED_ICEBERG' | 'MIXED_HIVE' | 'PAIMON' | 'HUDI'

export type EmptyPlan = {
  readonly metadataLocation: string
  readonly type: OptimizingType
  readonly finding: Finding
}

export type RefreshFailure = { readonly since: EpochMs; readonly reason: string }

/** The parts of a managed table that change; only those named are written. */
export type TablePatch = Partial<Omit<ManagedTable, 'tableId' | 'name' | 'format' | 'createdAt' | 'version'>>

export type NewManagedTable = Pick<ManagedTable, 'name' | 'format' | 'createdAt'>

/** The process that owns the table at present. */
export function openProcessId(table: ManagedTable) {
  return table.state.phase === 'executing' || table.state.phase === 'committing' ? table.state.processId : undefined
}
