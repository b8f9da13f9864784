import type { FormatVersion } from '@moraine/iceberg/metadata/table-metadata'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { SortOrder } from '@moraine/iceberg/sort/sort-order'
import type { StorageSettings } from '@moraine/storage/settings'
import type { RewriteGroup } from './rewrite-plan.ts'

/**
 * Everything an optimizer needs to run one group, and no more: it cannot reach the catalog, so it cannot commit.
 * Travels as JSON (`rewrite-task-json.ts`).
 */
export type RewriteTask = {
  readonly taskVersion: 1
  readonly table: TaskTable
  /** Of the plan's snapshot: every delete up to it that applies to an input is among the group's deletes. */
  readonly baseSequenceNumber: number
  readonly group: RewriteGroup
  readonly output: TaskOutput
  readonly storage: StorageSettings
}

export type TaskTable = {
  readonly name: string
  /** Absent for tables that have none, and in tasks of older services. */
  readonly uuid?: string
  readonly formatVersion: FormatVersion
  /** The schema the output is written with. */
  readonly schema: Schema
  /** The table's other schemas, newest first: equality deletes may compare columns that have been dropped since. */
  readonly otherSchemas?: readonly Schema[]
  /** Specs of the inputs and of the deletes. */
  readonly partitionSpecs: readonly PartitionSpec[]
  /** Output rows are sorted by it if it has fields. */
  readonly sortOrder: SortOrder
  /** `schema.name-mapping.default`, for files without field ids. */
  readonly nameMapping?: string
}

export type TaskOutput = {
  /** Directory of new data files, with a trailing slash; where rows are moved, each partition has its own below it. */
  readonly directory: string
  /** Every output file's name starts with it; unique for the attempt, so that leftovers can be found and removed. */
  readonly filePrefix: string
  /** Parquet codec in Iceberg's words: `zstd`, `snappy`, `gzip`, `lz4`, `uncompressed`. */
  readonly compression: string
  /** Wanted size of a row group, in bytes of uncompressed data. */
  readonly rowGroupSizeBytes: number
}
