import type { TableName } from '../tables/table-name.ts'

/** Reads what a person wants to see of a table; nothing here decides anything. */
export interface TableInspection {
  describe(table: TableName, signal?: AbortSignal): Promise<TableDescription>
  listSnapshots(table: TableName, query: SnapshotQuery, signal?: AbortSignal): Promise<SnapshotPage>
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

export type SnapshotQuery = {
  /** Branch or tag; the current state of `main` if absent. */
  readonly ref?: string
  readonly operation: 'all' | 'optimizing' | 'non-optimizing'
  readonly offset: number
  readonly limit: number
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
