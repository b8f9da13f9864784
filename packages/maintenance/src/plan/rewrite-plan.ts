import type { FileFormat } from '@moraine/iceberg/manifest/content-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'

/**
 * What should happen to one table, with no choices left: which files are rewritten together, by which method, and what
 * each partition left out was left out for. A plan is made from one snapshot by a pure function; it can be printed,
 * hashed, stored, and applied later or refused because the table moved.
 */
export type RewritePlan = {
  readonly planVersion: 1
  readonly tableUuid: string
  readonly tableLocation: string
  /** The snapshot of `main` the plan was made from. */
  readonly baseSnapshotId: SnapshotId
  /** Rewritten rows keep this data sequence number, so that deletes committed meanwhile still apply to them. */
  readonly baseSequenceNumber: number
  readonly schemaId: number
  readonly optimizingType: OptimizingType
  readonly groups: readonly RewriteGroup[]
  /** Delete files that no live data file needs once the named groups are committed. */
  readonly releasedDeletes: readonly ReleasedDelete[]
  readonly skipped: readonly SkippedPartition[]
}

/** One unit of work: becomes one task, run by one optimizer thread. */
export type RewriteGroup = {
  /** 1-based inside the plan. */
  readonly groupId: number
  /** Of the inputs. */
  readonly specId: number
  readonly partition: PartitionTuple
  /** The table's current spec, into whose partitions the rows are moved; absent if the inputs are of it already. */
  readonly outputSpecId?: number
  /** Hive-style name for people, for example `region=eu/id_bucket=3`; empty if unpartitioned. */
  readonly partitionPath: string
  readonly method: RewriteMethod
  readonly inputs: readonly DataInput[]
  /** The deletes that apply to the inputs; inputs refer to them by position. */
  readonly deletes: readonly DeleteInput[]
  /** Output files are closed near this size, in bytes. */
  readonly targetSizeBytes: number
}

/**
 * - `concat`: copy the row groups, write one footer. Steps up to `rewrite` where the footers show that it cannot be done.
 * - `rewrite`: decode, apply deletes, encode.
 * - `convert-deletes`: leave the data files, turn every delete that applies to them into one position delete file
 *   (v2) or deletion vector (v3) per data file.
 */
export type RewriteMethod = { readonly kind: 'concat' | 'rewrite' | 'convert-deletes'; readonly reason: string }

export type DataInput = {
  readonly filePath: string
  readonly fileFormat: FileFormat
  readonly recordCount: number
  readonly fileSizeBytes: number
  readonly dataSequenceNumber: number
  readonly sortOrderId?: number
  readonly splitOffsets?: readonly number[]
  /** v3 */
  readonly firstRowId?: bigint
  /** Positions in {@link RewriteGroup.deletes}. */
  readonly deletes: readonly number[]
}

export type DeleteInput = {
  readonly content: 'position-deletes' | 'equality-deletes'
  readonly filePath: string
  readonly fileFormat: FileFormat
  readonly specId: number
  readonly partition: PartitionTuple
  readonly recordCount: number
  readonly fileSizeBytes: number
  readonly dataSequenceNumber: number
  readonly equalityIds?: readonly number[]
  readonly referencedDataFile?: string
  readonly contentOffset?: number
  readonly contentSizeBytes?: number
}

export type ReleasedDelete = {
  readonly delete: DeleteInput
  /** All of these must have been committed before the delete file is removed. */
  readonly groupIds: readonly number[]
}

export type SkippedPartition = {
  readonly specId: number
  readonly partitionPath: string
  readonly reason: SkipReason
  /** The figures behind the reason, in words. */
  readonly detail: string
}

export type SkipReason =
  | 'healthy'
  | 'below-trigger'
  | 'over-budget'
  | 'filtered'
  | 'nothing-to-gain'
  | 'listed-twice'
  | 'unreadable'
  | 'unsupported-format'
  | 'encrypted'
  | 'foreign'
