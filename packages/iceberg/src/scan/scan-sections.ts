import { mapBounded } from '@moraine/stdx/bounded'
import type { FileIO } from '@moraine/storage/file-io'
import { mayMatchSummaries } from '../expression/evaluate-summaries.ts'
import type { PartitionExpression } from '../expression/expression.ts'
import { type ScanFilter, scanPartitionFilter } from '../expression/scan-filter.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import type { Snapshot, SnapshotId } from '../metadata/snapshot.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { MANIFESTS_AT_A_TIME, mayHoldLiveFiles, readManifests } from './read-manifests.ts'

/** What of a table is scanned. */
export type TableScan = {
  readonly metadata: TableMetadata
  /** The files of one snapshot, or those that some snapshots appended, or none of a table without data. */
  readonly scope:
    | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
    | { readonly kind: 'appends'; readonly snapshots: readonly Snapshot[] }
    | { readonly kind: 'nothing' }
  readonly filter: ScanFilter
}

/**
 * One data manifest of a scan. All entries of all of a scan's manifests are counted through, in the order of the manifest
 * lists, whether the filter needs them or not: the same scan has the same numbers again, also after a restart.
 */
export type ScanSection = {
  readonly manifest: ManifestFile
  /** The number of its first entry, and that after its last. A manifest whose counts are not known counts as one. */
  readonly from: number
  readonly to: number
  /** False where the manifest lists show that no row of it can match. */
  readonly isNeeded: boolean
  /** Of an incremental scan: whose files count. */
  readonly addedBy?: SnapshotId
}

/** A scan whose manifest lists have been read, and nothing else. */
export type OpenScan = {
  readonly scan: TableScan
  readonly sections: readonly ScanSection[]
  /** Delete manifests that may hold deletes of partitions that match. */
  readonly deleteManifests: readonly ManifestFile[]
  /** The filter on the partitions of a spec. */
  readonly partitionsOf: (specId: number) => PartitionExpression
}

/** Reads the manifest lists of a scan. */
export async function openScan(io: FileIO, scan: TableScan, signal?: AbortSignal): Promise<OpenScan> {
  const partitionsOf = partitionFilters(scan)
  const listed = await listManifests(io, scan, signal)
  const isNeeded = (manifest: ManifestFile) =>
    mayHoldLiveFiles(manifest) && mayMatchSummaries(partitionsOf(manifest.partitionSpecId), manifest.partitions)
  const sections: ScanSection[] = []
  let from = 0
  for (const { manifest, addedBy } of listed) {
    if (manifest.content !== 'data') continue
    const to = from + entryCount(manifest)
    sections.push({ manifest, from, to, isNeeded: isNeeded(manifest), ...(addedBy !== undefined && { addedBy }) })
    from = to
  }
  const deleteManifests = listed
    .map(({ manifest }) => manifest)
    .filter((manifest) => manifest.content === 'deletes' && isNeeded(manifest))
  return { scan, sections, deleteManifests, partitionsOf }
}

type Listed = { readonly manifest: ManifestFile; readonly addedBy?: SnapshotId }

async function listManifests(
  io: FileIO,
  { metadata, scope }: TableScan,
  signal: AbortSignal | undefined,
): Promise<readonly Listed[]> {
  if (scope.kind === 'nothing') return []
  if (scope.kind === 'snapshot') {
    return (await readManifests(io, metadata, scope.snapshot, signal)).map((manifest) => ({ manifest }))
  }
  const lists = await mapBounded(
    scope.snapshots,
    MANIFESTS_AT_A_TIME,
    async (snapshot, inner) => {
      const manifests = await readManifests(io, metadata, snapshot, inner)
      // What a snapshot appended stands in manifests that it wrote; an append writes no deletes.
      return manifests
        .filter(({ content, addedSnapshotId }) => content === 'data' && addedSnapshotId === snapshot.snapshotId)
        .map((manifest) => ({ manifest, addedBy: snapshot.snapshotId }))
    },
    signal,
  )
  return lists.flat()
}

function entryCount({ addedFilesCount, existingFilesCount, deletedFilesCount }: ManifestFile): number {
  if (addedFilesCount === undefined || existingFilesCount === undefined || deletedFilesCount === undefined) return 1
  return addedFilesCount + existingFilesCount + deletedFilesCount
}

function partitionFilters({ metadata, filter }: TableScan): OpenScan['partitionsOf'] {
  const bySpec = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, scanPartitionFilter(filter, spec)]))
  // A spec that the table does not have is reported by whoever reads the manifest.
  return (specId) => bySpec.get(specId) ?? { op: 'true' }
}
