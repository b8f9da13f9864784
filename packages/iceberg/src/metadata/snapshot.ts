import type { Brand, EpochMs } from '@moraine/stdx/brand'

/** A random positive 63-bit integer; always a bigint, since a JSON number would lose digits. */
export type SnapshotId = Brand<bigint, 'SnapshotId'>

export type SnapshotOperation = 'append' | 'replace' | 'overwrite' | 'delete'

/** The state of a table at one commit (table spec, "Snapshots"). */
export type Snapshot = {
  readonly snapshotId: SnapshotId
  readonly parentSnapshotId?: SnapshotId
  /** 0 in v1 tables. */
  readonly sequenceNumber: number
  readonly timestampMs: EpochMs
  /** Location of the manifest list, or, in old v1 tables, the locations of the manifests themselves. */
  readonly manifests:
    | { readonly kind: 'list'; readonly location: string }
    | { readonly kind: 'inline'; readonly locations: readonly string[] }
  /** `operation` is absent in some v1 tables. */
  readonly operation?: SnapshotOperation
  /** All other entries of the summary, as text. */
  readonly summary: Readonly<Record<string, string>>
  readonly schemaId?: number
  /** v3: the first row id assigned to rows of this snapshot. */
  readonly firstRowId?: bigint
  /** v3: how many row ids this snapshot assigned. */
  readonly addedRows?: bigint
  readonly keyId?: string
}

export type SnapshotRef = {
  readonly snapshotId: SnapshotId
  readonly type: 'branch' | 'tag'
  readonly minSnapshotsToKeep?: number
  readonly maxSnapshotAgeMs?: number
  readonly maxRefAgeMs?: number
}

export type SnapshotLogEntry = { readonly timestampMs: EpochMs; readonly snapshotId: SnapshotId }
export type MetadataLogEntry = { readonly timestampMs: EpochMs; readonly metadataFile: string }
