import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { readManifestList } from '../manifest/manifest-list-reader.ts'
import { type Manifest, openManifest } from '../manifest/manifest-reader.ts'
import type { Snapshot } from '../metadata/snapshot.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { tablePartitionFieldTypes } from '../partition/partition-type.ts'
import { ManifestCounts } from './manifest-counts.ts'
import { listFailure, manifestFailure } from './named-by.ts'

/** Manifests read at a time: enough to hide a store's latency, few enough to bound memory (a manifest is about 8 MiB). */
export const MANIFESTS_AT_A_TIME = 4

/** The manifests of a snapshot, from its manifest list. */
export async function readManifests(
  io: FileIO,
  metadata: TableMetadata,
  snapshot: Snapshot,
  signal?: AbortSignal,
): Promise<readonly ManifestFile[]> {
  if (snapshot.manifests.kind === 'inline') {
    throw new MoraineError(
      'unsupported',
      `snapshot ${snapshot.snapshotId} of ${metadata.location} has no manifest list (written before Iceberg 0.9); any commit by a current engine gives it one`,
    )
  }
  const { location } = snapshot.manifests
  try {
    return readManifestList(await io.read(location, signal), location).manifests
  } catch (error) {
    throw listFailure(error, metadata, snapshot)
  }
}

/** Reads one manifest whole and checks it against its line in the manifest list. */
export async function readManifest(
  io: FileIO,
  metadata: TableMetadata,
  file: ManifestFile,
  signal?: AbortSignal,
): Promise<Manifest> {
  try {
    return await open(io, metadata, file, signal)
  } catch (error) {
    throw await manifestFailure(error, metadata, file, io)
  }
}

/** All entries of manifests, deleted ones too, in the order of the manifests; counts are checked. */
export async function readManifestEntries(
  io: FileIO,
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  signal?: AbortSignal,
): Promise<readonly (readonly ManifestEntry[])[]> {
  return mapBounded(
    manifests,
    MANIFESTS_AT_A_TIME,
    async (file, inner) => {
      const manifest = await readManifest(io, metadata, file, inner)
      const entries: ManifestEntry[] = []
      const counts = new ManifestCounts(file)
      for (const entry of manifest.entries()) {
        counts.add(entry.status, entry.file.recordCount)
        entries.push(entry)
      }
      counts.check()
      return entries
    },
    signal,
  )
}

/** The live files of a snapshot. */
export async function readLiveFiles(
  io: FileIO,
  metadata: TableMetadata,
  snapshot: Snapshot,
  signal?: AbortSignal,
): Promise<{ readonly data: readonly ManifestEntry[]; readonly deletes: readonly ManifestEntry[] }> {
  const manifests = (await readManifests(io, metadata, snapshot, signal)).filter(mayHoldLiveFiles)
  const entries = await readManifestEntries(io, metadata, manifests, signal)
  const live = (content: ManifestFile['content']) =>
    entries.flatMap((each, index) =>
      manifests[index]?.content === content ? each.filter((entry) => entry.status !== 'deleted') : [],
    )
  return { data: live('data'), deletes: live('deletes') }
}

/** False only if the manifest list says that every file of the manifest is deleted. */
export function mayHoldLiveFiles(manifest: ManifestFile): boolean {
  return manifest.addedFilesCount !== 0 || manifest.existingFilesCount !== 0
}

async function open(
  io: FileIO,
  metadata: TableMetadata,
  file: ManifestFile,
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  if (file.keyMetadata !== undefined)
    throw new MoraineError('unsupported', `manifest ${file.manifestPath} is encrypted`)
  const spec = metadata.partitionSpecs.find((each) => each.specId === file.partitionSpecId)
  if (spec === undefined) {
    throw new MoraineError(
      'corrupt',
      `manifest ${file.manifestPath} is of partition spec ${file.partitionSpecId}, which the table does not have`,
    )
  }
  const bytes = await io.read(file.manifestPath, signal)
  if (bytes.length !== file.manifestLength) {
    throw new MoraineError(
      'corrupt',
      `manifest ${file.manifestPath} has ${bytes.length} bytes, its manifest list says ${file.manifestLength}`,
    )
  }
  return openManifest(bytes, file, { spec, partitionTypes: tablePartitionFieldTypes(spec, metadata) })
}
