import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { readManifestList } from '../manifest/manifest-list-reader.ts'
import type { Snapshot } from '../metadata/snapshot.ts'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'

/** What reading a manifest list failed with; of one that is missing or damaged also which snapshot names it, and the remedy. */
export function listFailure(error: unknown, metadata: TableMetadata, { snapshotId }: Snapshot): unknown {
  return isAboutFile(error) ? named(error, `snapshot ${snapshotId} in the metadata of ${metadata.location}`) : error
}

/**
 * What reading a manifest failed with; of one that is missing or damaged also which manifest list names it, and the
 * remedy. Lists are looked into only now: nobody keeps where a manifest was found.
 */
export async function manifestFailure(
  error: unknown,
  metadata: TableMetadata,
  { manifestPath, addedSnapshotId }: ManifestFile,
  io: FileIO,
): Promise<unknown> {
  if (!isAboutFile(error)) return error
  const adding = metadata.snapshots.find(({ snapshotId }) => snapshotId === addedSnapshotId)
  for (const snapshot of new Set([currentSnapshot(metadata), adding])) {
    if (snapshot?.manifests.kind !== 'list') continue
    const { location } = snapshot.manifests
    if (await names(io, location, manifestPath))
      return named(error, `manifest list ${location} of snapshot ${snapshot.snapshotId}`)
  }
  return named(error, `a snapshot of ${metadata.location}`)
}

async function names(io: FileIO, list: string, manifestPath: string): Promise<boolean> {
  try {
    return readManifestList(await io.read(list), list).manifests.some((each) => each.manifestPath === manifestPath)
  } catch {
    // What is reported is the manifest; a list that cannot be read is reported by whoever needs it.
    return false
  }
}

function isAboutFile(error: unknown): error is MoraineError {
  return error instanceof MoraineError && (error.kind === 'not-found' || error.kind === 'corrupt')
}

function named({ kind, message, context, cause }: MoraineError, by: string): MoraineError {
  const remedy = 'restore the file, or roll the table back to a snapshot that does not need it'
  return new MoraineError(kind, `${message} (named by ${by}; ${remedy})`, { context, cause })
}
