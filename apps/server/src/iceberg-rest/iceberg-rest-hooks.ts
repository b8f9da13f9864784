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
