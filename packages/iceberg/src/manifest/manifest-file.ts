import type { SnapshotId } from '../metadata/snapshot.ts'

/** One line of a manifest list (table spec, "Manifest Lists"). */
export type ManifestFile = {
  readonly manifestPath: string
  readonly manifestLength: number
  readonly partitionSpecId: number
  readonly content: 'data' | 'deletes'
  /** 0 in v1. */
  readonly sequenceNumber: number
  readonly minSequenceNumber: number
  readonly addedSnapshotId: SnapshotId
  /** Counts are absent in some v1 manifest lists. */
  readonly addedFilesCount?: number
  readonly existingFilesCount?: number
  readonly deletedFilesCount?: number
  readonly addedRowsCount?: number
  readonly existingRowsCount?: number
  readonly deletedRowsCount?: number
  readonly partitions: readonly FieldSummary[]
  readonly keyMetadata?: Uint8Array
  /** v3 data manifests: first row id for entries that have none. */
  readonly firstRowId?: bigint
}

/** Bounds of one partition field over a manifest, in the binary single-value form. */
export type FieldSummary = {
  readonly containsNull: boolean
  readonly containsNan?: boolean
  readonly lowerBound?: Uint8Array
  readonly upperBound?: Uint8Array
}
