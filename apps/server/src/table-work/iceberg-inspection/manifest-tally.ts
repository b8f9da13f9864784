import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionKey, partitionPath } from '@moraine/iceberg/partition/partition-path'
import { tablePartitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import { readManifest } from '@moraine/iceberg/scan/read-manifests'
import { visitLiveEntries } from '@moraine/iceberg/scan/visit-live-entries'
import { must } from '@moraine/stdx/assert'
import type { FileIO } from '@moraine/storage/file-io'

/** What one manifest holds of its partitions. A manifest never changes, and neither does this. */
export type ManifestTally = { readonly partitions: readonly PartitionCount[] }

export type PartitionCount = {
  /** Of `partitionKey`. */
  readonly key: string
  readonly specId: number
  readonly partitionPath: string
  readonly files: number
  readonly bytes: number
  /** The snapshots that added the files, each once. */
  readonly snapshotIds: ReadonlySet<SnapshotId>
}

/** Counts the live files of a manifest by partition, without an object for each. */
export async function tallyManifest(
  io: FileIO,
  metadata: TableMetadata,
  file: ManifestFile,
  signal?: AbortSignal,
): Promise<ManifestTally> {
  const manifest = await readManifest(io, metadata, file, signal)
  const tallies = new Map<string, Tally>()
  const describe = partitionDescriber(metadata, file)
  let run = 0
  let tally: Tally | undefined
  await visitLiveEntries(manifest, (cursor) => {
    if (tally === undefined || cursor.partitionRun !== run) {
      run = cursor.partitionRun
      tally = tallies.get(cursor.encodedPartition())
      if (tally === undefined) {
        tally = { ...describe(cursor), files: 0, bytes: 0, snapshotIds: new Set() }
        tallies.set(cursor.encodedPartition(), tally)
      }
    }
    tally.files += 1
    tally.bytes += sizeOf(cursor)
    tally.snapshotIds.add(cursor.snapshotId)
  })
  return { partitions: [...tallies.values()] }
}

/** The bytes that belong to an entry: many deletion vectors share one file. */
export function sizeOf({ content, contentSizeBytes, fileSizeBytes }: EntryCursor): number {
  return content === 'position-deletes' ? (contentSizeBytes ?? fileSizeBytes) : fileSizeBytes
}

/** Names the partition of the entry that a cursor of the manifest stands on. */
export function partitionDescriber(
  metadata: TableMetadata,
  { partitionSpecId }: ManifestFile,
): (cursor: EntryCursor) => Pick<PartitionCount, 'key' | 'specId' | 'partitionPath'> {
  const spec = must(
    metadata.partitionSpecs.find(({ specId }) => specId === partitionSpecId),
    `partition spec ${partitionSpecId}`,
  )
  const types = tablePartitionFieldTypes(spec, metadata)
  return (cursor) => {
    const partition = cursor.partition()
    return {
      key: partitionKey(spec.specId, partition),
      specId: spec.specId,
      partitionPath: partitionPath(spec, types, partition),
    }
  }
}

/** About the memory that a tally takes. */
export function tallyBytes({ partitions }: ManifestTally): number {
  return partitions.reduce(
    (sum, { key, partitionPath: path, snapshotIds }) =>
      sum + TALLY_BYTES + 2 * (key.length + path.length) + SNAPSHOT_ID_BYTES * snapshotIds.size,
    TALLY_BYTES,
  )
}

const TALLY_BYTES = 300
const SNAPSHOT_ID_BYTES = 60

type Tally = { -readonly [K in keyof PartitionCount]: PartitionCount[K] } & { readonly snapshotIds: Set<SnapshotId> }
