import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { isUnpartitioned } from '@moraine/iceberg/partition/partition-spec'
import { MANIFESTS_AT_A_TIME } from '@moraine/iceberg/scan/read-manifests'
import type {
  PartitionDescription,
  PartitionPage,
  PartitionQuery,
} from '@moraine/management/table-work/table-inspection'
import { mapBounded } from '@moraine/stdx/bounded'
import type { ManifestTally, PartitionCount } from './manifest-tally.ts'

/**
 * The partitions of a snapshot, the last by name first. Those of manifests that were counted before cost nothing; what
 * is held is a line for each partition, never one for each file.
 */
export async function listPartitions(
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  { filter = '', offset, limit }: PartitionQuery,
  tallyOf: (manifest: ManifestFile, signal: AbortSignal) => Promise<ManifestTally>,
  signal?: AbortSignal,
): Promise<PartitionPage> {
  if (metadata.partitionSpecs.every(isUnpartitioned)) return { partitions: [], total: 0 }
  const committedAt = new Map(metadata.snapshots.map(({ snapshotId, timestampMs }) => [snapshotId, timestampMs]))
  const found = new Map<string, Mutable<PartitionDescription>>()
  await mapBounded(
    manifests,
    MANIFESTS_AT_A_TIME,
    async (manifest, inner) => {
      for (const tally of (await tallyOf(manifest, inner)).partitions) {
        if (tally.partitionPath.includes(filter)) addTally(found, tally, committedAt)
      }
    },
    signal,
  )
  const sorted = [...found.values()].sort(byNameDescending)
  return { partitions: sorted.slice(offset, offset + limit), total: sorted.length }
}

/** The names of the partitions that have files in the manifests. */
export async function presentPartitions(
  manifests: readonly ManifestFile[],
  tallyOf: (manifest: ManifestFile, signal: AbortSignal) => Promise<ManifestTally>,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const present = new Set<string>()
  await mapBounded(
    manifests,
    MANIFESTS_AT_A_TIME,
    async (manifest, inner) => {
      for (const { partitionPath } of (await tallyOf(manifest, inner)).partitions) present.add(partitionPath)
    },
    signal,
  )
  return present
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function addTally(
  found: Map<string, Mutable<PartitionDescription>>,
  { key, specId, partitionPath, files, bytes, snapshotIds }: PartitionCount,
  committedAt: ReadonlyMap<SnapshotId, number>,
): void {
  let partition = found.get(key)
  if (partition === undefined) {
    partition = { partitionPath, specId, files: 0, bytes: 0, lastCommittedAtMs: undefined }
    found.set(key, partition)
  }
  partition.files += files
  partition.bytes += bytes
  for (const id of snapshotIds) {
    const at = committedAt.get(id)
    if (at !== undefined && at > (partition.lastCommittedAtMs ?? -1)) partition.lastCommittedAtMs = at
  }
}

function byNameDescending(a: PartitionDescription, b: PartitionDescription): number {
  if (a.partitionPath !== b.partitionPath) return a.partitionPath < b.partitionPath ? 1 : -1
  return b.specId - a.specId
}
