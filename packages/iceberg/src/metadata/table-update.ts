import type { UnboundPartitionSpec } from '../partition/partition-spec.ts'
import type { Schema } from '../schema/schema.ts'
import type { SortOrder } from '../sort/sort-order.ts'
import type { Snapshot, SnapshotId, SnapshotRef } from './snapshot.ts'
import type { EncryptedKey, FormatVersion, PartitionStatisticsFile, StatisticsFile } from './table-metadata.ts'

/** One change of table metadata, as in the REST catalog's `TableUpdate`; `action` keeps the protocol's words. */
export type TableUpdate =
  | { readonly action: 'assign-uuid'; readonly uuid: string }
  | { readonly action: 'upgrade-format-version'; readonly formatVersion: FormatVersion }
  | { readonly action: 'add-schema'; readonly schema: Schema; readonly lastColumnId?: number }
  /** -1 is the schema added last in the same list of updates. Likewise for specs and sort orders. */
  | { readonly action: 'set-current-schema'; readonly schemaId: number }
  | { readonly action: 'add-spec'; readonly spec: UnboundPartitionSpec }
  | { readonly action: 'set-default-spec'; readonly specId: number }
  | { readonly action: 'add-sort-order'; readonly sortOrder: SortOrder }
  | { readonly action: 'set-default-sort-order'; readonly sortOrderId: number }
  | { readonly action: 'add-snapshot'; readonly snapshot: Snapshot }
  | { readonly action: 'set-snapshot-ref'; readonly refName: string; readonly ref: SnapshotRef }
  | { readonly action: 'remove-snapshot-ref'; readonly refName: string }
  | { readonly action: 'remove-snapshots'; readonly snapshotIds: readonly SnapshotId[] }
  | { readonly action: 'set-location'; readonly location: string }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] }
  | { readonly action: 'set-statistics'; readonly statistics: StatisticsFile }
  | { readonly action: 'remove-statistics'; readonly snapshotId: SnapshotId }
  | { readonly action: 'set-partition-statistics'; readonly partitionStatistics: PartitionStatisticsFile }
  | { readonly action: 'remove-partition-statistics'; readonly snapshotId: SnapshotId }
  | { readonly action: 'remove-partition-specs'; readonly specIds: readonly number[] }
  | { readonly action: 'remove-schemas'; readonly schemaIds: readonly number[] }
  | { readonly action: 'add-encryption-key'; readonly encryptionKey: EncryptedKey }
  | { readonly action: 'remove-encryption-key'; readonly keyId: string }
