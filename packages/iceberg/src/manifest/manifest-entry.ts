import type { SnapshotId } from '../metadata/snapshot.ts'
import type { ContentFile } from './content-file.ts'

/**
 * One line of a manifest with all inheritance resolved (table spec, "Manifest Entry Fields"): `added` entries of a
 * committed manifest take snapshot id and sequence numbers from the manifest list.
 */
export type ManifestEntry = {
  readonly status: 'existing' | 'added' | 'deleted'
  /** The snapshot that added the file, or deleted it if the status says so. */
  readonly snapshotId: SnapshotId
  /** Decides which deletes apply. Survives rewrites. 0 in v1. */
  readonly dataSequenceNumber: number
  /** Of the commit that added the file. 0 in v1. */
  readonly fileSequenceNumber: number
  readonly file: ContentFile
}
