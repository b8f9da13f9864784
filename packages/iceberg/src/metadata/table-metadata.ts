import type { EpochMs } from '@moraine/stdx/brand'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { Schema } from '../schema/schema.ts'
import type { SortOrder } from '../sort/sort-order.ts'
import type { MetadataLogEntry, Snapshot, SnapshotId, SnapshotLogEntry, SnapshotRef } from './snapshot.ts'

export type FormatVersion = 1 | 2 | 3

/**
 * The state of a table (table spec, "Table Metadata"), the same value for every format version: what v1 leaves out is
 * filled in by the spec's rules when it is read.
 */
export type TableMetadata = {
  readonly formatVersion: FormatVersion
  /** Absent only in v1 tables that never had one. */
  readonly tableUuid?: string
  /** Without a trailing slash. */
  readonly location: string
  /** 0 in v1. */
  readonly lastSequenceNumber: number
  readonly lastUpdatedMs: EpochMs
  readonly lastColumnId: number
  readonly schemas: readonly Schema[]
  readonly currentSchemaId: number
  readonly partitionSpecs: readonly PartitionSpec[]
  readonly defaultSpecId: number
  readonly lastPartitionId: number
  readonly sortOrders: readonly SortOrder[]
  readonly defaultSortOrderId: number
  readonly properties: Readonly<Record<string, string>>
  readonly currentSnapshotId?: SnapshotId
  readonly snapshots: readonly Snapshot[]
  readonly snapshotLog: readonly SnapshotLogEntry[]
  readonly metadataLog: readonly MetadataLogEntry[]
  /** `main` is present exactly when there is a current snapshot. */
  readonly refs: Readonly<Record<string, SnapshotRef>>
  readonly statistics: readonly StatisticsFile[]
  readonly partitionStatistics: readonly PartitionStatisticsFile[]
  /** v3: the next row id to assign. 0 in v1 and v2. */
  readonly nextRowId: bigint
  readonly encryptionKeys: readonly EncryptedKey[]
}

export type StatisticsFile = {
  readonly snapshotId: SnapshotId
  readonly statisticsPath: string
  readonly fileSizeBytes: number
  readonly footerSizeBytes: number
  readonly keyMetadata?: string
  readonly blobs: readonly StatisticsBlob[]
}

export type StatisticsBlob = {
  readonly type: string
  readonly snapshotId: SnapshotId
  readonly sequenceNumber: number
  readonly fields: readonly number[]
  readonly properties: Readonly<Record<string, string>>
}

export type PartitionStatisticsFile = {
  readonly snapshotId: SnapshotId
  readonly statisticsPath: string
  readonly fileSizeBytes: number
}

export type EncryptedKey = {
  readonly keyId: string
  readonly encryptedKeyMetadata: string
  readonly encryptedById?: string
  readonly properties?: Readonly<Record<string, string>>
}
