import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { EpochMs } from '@moraine/stdx/brand'
import type { RequestedParts } from '../records/optimize-request.ts'
import type { Finding } from '../records/table-evaluation.ts'
import type { TableName } from '../records/table-name.ts'

/** Reads what a person wants to see of a table; nothing here decides anything. */
export interface TableInspection {
  describe(table: TableName, signal?: AbortSignal): Promise<TableDescription>
  listSnapshots(table: TableName, query: SnapshotQuery, signal?: AbortSignal): Promise<SnapshotPage>
  /** Files that a snapshot added and removed, the added first. */
  listSnapshotFiles(table: TableName, query: SnapshotFilesQuery, signal?: AbortSignal): Promise<FilePage>
  /** What changed of schema and properties, as statements, newest first; as far back as metadata files are kept. */
  listOperations(table: TableName, window: Window, signal?: AbortSignal): Promise<OperationPage>
  /** Partitions of the current snapshot, the last by name first; none in a table that never was partitioned. */
  listPartitions(table: TableName, query: PartitionQuery, signal?: AbortSignal): Promise<PartitionPage>
  /**
   * Whether what a person wants optimized can be found in the current snapshot.
   *
   * @throws {MoraineError} `not-found` or `invalid-input` for a name that no partition has, and for a filter that cannot be
   *   read or names a column that is not there
   */
  checkRequest(table: TableName, request: RequestedParts, signal?: AbortSignal): Promise<void>
  /** Live files of one partition of the current snapshot, in the order of the manifests. */
  listPartitionFiles(table: TableName, query: PartitionFilesQuery, signal?: AbortSignal): Promise<FilePage>
  /** What the triggers make of each partition of the current snapshot, those that are due first, then by name. */
  explainPartitions(table: TableName, query: ExplainQuery, signal?: AbortSignal): Promise<PartitionVerdictPage>
  /** `main` first, the others by name. */
  listRefs(table: TableName, type: RefDescription['type'], signal?: AbortSignal): Promise<readonly RefDescription[]>
}

/** Which items of a list are asked for. */
export type Window = { readonly offset: number; readonly limit: number }

export type ExplainQuery = {
  readonly clocks: ReadonlyMap<string, OptimizingClocks>
  readonly now: EpochMs
  readonly limit: number
  /** Only this one. */
  readonly partitionPath?: string
}

export type PartitionVerdictPage = { readonly partitions: readonly PartitionVerdict[]; readonly total: number }

export type PartitionVerdict = {
  readonly partitionPath: string
  /** The type whose trigger holds. */
  readonly due: OptimizingType | undefined
  readonly finding: Finding
  readonly optimizedAt: OptimizingClocks
}

export type TableDescription = {
  readonly location: string
  readonly uuid: string
  readonly formatVersion: number
  readonly columns: readonly ColumnDescription[]
  readonly identifierFields: readonly string[]
  readonly partitionFields: readonly PartitionFieldDescription[]
  readonly properties: Readonly<Record<string, string>>
  readonly comment: string | undefined
  readonly lastUpdatedMs: number
  /** Of the current snapshot; `undefined` of an empty table. */
  readonly lastCommittedAtMs: number | undefined
  /** Totals of the current snapshot, from its summary; 0 in an empty table. */
  readonly dataFiles: number
  readonly dataBytes: number
  readonly records: number
}

export type ColumnDescription = {
  readonly fieldId: number
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly comment: string | undefined
}

export type PartitionFieldDescription = {
  readonly fieldId: number
  readonly name: string
  readonly sourceFieldId: number
  readonly sourceName: string
  readonly transform: string
}

export type SnapshotQuery = Window & {
  /** Branch or tag; every snapshot of the table if absent. */
  readonly ref?: string
  readonly operation: 'all' | 'optimizing' | 'non-optimizing'
}

export type SnapshotPage = { readonly snapshots: readonly SnapshotDescription[]; readonly total: number }

export type SnapshotDescription = {
  readonly snapshotId: bigint
  readonly parentSnapshotId: bigint | undefined
  readonly committedAtMs: number
  readonly operation: string
  /** `snapshot.producer` of the summary; absent means another engine. */
  readonly producer: string | undefined
  readonly summary: Readonly<Record<string, string>>
}

export type SnapshotFilesQuery = Window & {
  readonly snapshotId: bigint
  /** Branch or tag whose history has to have the snapshot; any if absent. */
  readonly ref?: string
}

export type FilePage = { readonly files: readonly ListedFile[]; readonly total: number }

export type ListedFile = {
  readonly path: string
  readonly content: 'data' | 'position-deletes' | 'equality-deletes'
  readonly specId: number
  /** For people; empty if unpartitioned. */
  readonly partitionPath: string
  readonly sizeBytes: number
  readonly records: number
  /** The snapshot that added the file or, of what one removed, that one. */
  readonly snapshotId: bigint
  /** Of that snapshot; `undefined` once it has expired. */
  readonly committedAtMs: number | undefined
  /** Absent of a live file of the table. */
  readonly change?: 'added' | 'removed'
}

export type OperationPage = { readonly operations: readonly OperationDescription[]; readonly total: number }

export type OperationDescription = {
  readonly at: number
  /** As a statement of Spark SQL. */
  readonly statement: string
}

export type PartitionQuery = Window & {
  /** Part of the partition's name. */
  readonly filter?: string
}

export type PartitionPage = { readonly partitions: readonly PartitionDescription[]; readonly total: number }

export type PartitionDescription = {
  readonly partitionPath: string
  readonly specId: number
  /** Data and delete files. */
  readonly files: number
  readonly bytes: number
  /** Of the youngest snapshot that added one of the files and is still there. */
  readonly lastCommittedAtMs: number | undefined
}

export type PartitionFilesQuery = Window & {
  /** As {@link PartitionDescription} names it. */
  readonly partitionPath: string
  /** Any if absent: partitions of several specs may have one name. */
  readonly specId?: number
}

export type RefDescription = {
  readonly name: string
  readonly type: 'branch' | 'tag'
  readonly snapshotId: bigint
  readonly minSnapshotsToKeep: number | undefined
  readonly maxSnapshotAgeMs: number | undefined
  readonly maxRefAgeMs: number | undefined
}
