import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'

/** Every live file of one snapshot, with the deletes of each data file resolved over the whole table. */
export type TableFiles = {
  readonly partitions: readonly PartitionFiles[]
  readonly deletes: readonly ManifestEntry[]
}

export type PartitionFiles = {
  /** Canonical: equal exactly for the same spec and values. */
  readonly key: string
  readonly specId: number
  readonly partition: PartitionTuple
  readonly partitionPath: string
  readonly files: readonly ScanTask[]
}
