import type { EpochMs } from '@moraine/stdx/brand'
import type { TableName } from '../records/table-name.ts'

/** What an engine told of one scan or commit (Iceberg REST, `ReportMetricsRequest`). */
export type MetricsReport = {
  /** Its text sorts by time. */
  readonly reportId: string
  readonly table: TableName
  readonly kind: 'scan' | 'commit'
  readonly snapshotId: bigint
  readonly principal: string
  readonly receivedAt: EpochMs
  /** JSON, as it came. */
  readonly report: string
}

export interface MetricsReportStore {
  addReports(reports: readonly MetricsReport[]): Promise<void>
  /** Newest first; only of the kind if one is named. */
  listReports(
    table: TableName,
    query: { readonly kind?: MetricsReport['kind']; readonly offset: number; readonly limit: number },
  ): Promise<{ readonly reports: readonly MetricsReport[]; readonly total: number }>
  /** Removes up to `limit` reports that came before; how many there were. */
  removeReports(before: EpochMs, limit: number): Promise<number>
}
