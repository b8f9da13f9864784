import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import type { FileIO } from '@moraine/storage/file-io'
import { groupFiles } from '../plan/group-files.ts'
import { type OptimizingPolicy, parseOptimizingPolicy } from '../plan/optimizing-policy.ts'
import type { TableFiles } from '../plan/table-files.ts'

/** A table as planning sees it: one snapshot with all its live files. */
export type TableState = {
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  /** `undefined` for a table without data. */
  readonly snapshot: Snapshot | undefined
  readonly files: TableFiles
  readonly policy: OptimizingPolicy
}

/** Reads the manifests of the current snapshot of `main`. */
export async function readTable(
  io: FileIO,
  { metadata, metadataLocation }: LoadedTable,
  signal?: AbortSignal,
): Promise<TableState> {
  const policy = parseOptimizingPolicy(metadata.properties)
  const snapshot = currentSnapshot(metadata)
  if (snapshot === undefined)
    return { metadata, metadataLocation, snapshot, files: { partitions: [], deletes: [] }, policy }
  const { data, deletes } = await readLiveFiles(io, metadata, snapshot, signal)
  return { metadata, metadataLocation, snapshot, files: groupFiles(metadata, data, deletes), policy }
}
