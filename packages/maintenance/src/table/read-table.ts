import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { FileIO } from '@moraine/storage/file-io'
import type { FileIndex } from '../plan/file-index.ts'
import { minTargetSizeBytes, type OptimizingPolicy, parseOptimizingPolicy } from '../plan/optimizing-policy.ts'
import { type AdvanceOptions, advanceIndex, EMPTY_INDEX } from './advance-index.ts'
import { NotedFiles } from './noted-files.ts'

/** A table as planning sees it: one snapshot with all its live files. */
export type IndexedTable = {
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  /** `undefined` for a table without data. */
  readonly snapshot: Snapshot | undefined
  readonly index: FileIndex
  readonly policy: OptimizingPolicy
  /** For the plan, if it is made now: not to be kept. */
  readonly noted: NotedFiles
}

/** Reads the manifests of the current snapshot of `main`. */
export async function readTable(io: FileIO, loaded: LoadedTable, signal?: AbortSignal): Promise<IndexedTable> {
  return readTableFrom(io, loaded, { known: EMPTY_INDEX, boundsFiles: false }, signal)
}

/** The same with an index of the table as it was: only manifests that are new since are read. */
export async function readTableFrom(
  io: FileIO,
  { metadata, metadataLocation }: LoadedTable,
  options: Omit<AdvanceOptions, 'noted'>,
  signal?: AbortSignal,
): Promise<IndexedTable> {
  const policy = parseOptimizingPolicy(metadata.properties)
  const snapshot = currentSnapshot(metadata)
  const noted = new NotedFiles(minTargetSizeBytes(policy))
  const index =
    snapshot === undefined ? EMPTY_INDEX : await advanceIndex(io, metadata, snapshot, { ...options, noted }, signal)
  return { metadata, metadataLocation, snapshot, index, policy, noted }
}
