import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { MoraineError } from '@moraine/stdx/error'
import type { JsonObject } from '@moraine/stdx/exact-json'

/** What every report of an engine says of itself, and the whole of it. */
export type ReportedMetrics = {
  readonly kind: 'scan' | 'commit'
  readonly snapshotId: bigint
  readonly report: JsonObject
}

/** Told of what clients did, after it was done. A hook that throws changes no answer. */
export type IcebergRestHooks = {
  /** A table was created, registered or committed to. */
  readonly onCommit?: (event: {
    readonly catalog: string
    readonly identifier: TableIdentifier
    readonly metadataLocation: string
  }) => void
  /** The catalog forgot a table. Its files are there: whether they are to go, and when, is for the hook to decide. */
  readonly onDrop?: (event: {
    readonly catalog: string
    readonly identifier: TableIdentifier
    readonly purgeRequested: boolean
  }) => void
  readonly onRename?: (event: {
    readonly catalog: string
    readonly from: TableIdentifier
    readonly to: TableIdentifier
  }) => void
  /** A table was created or registered, and is answered without the credentials that were asked for. */
  readonly onWithheld?: (event: {
    readonly catalog: string
    readonly identifier: TableIdentifier
    readonly error: MoraineError
  }) => void
  /** A client reports how a scan or commit went. */
  readonly onMetricsReport?: (event: {
    readonly catalog: string
    readonly identifier: TableIdentifier
    readonly principal: string
    readonly metrics: ReportedMetrics
  }) => void
}
