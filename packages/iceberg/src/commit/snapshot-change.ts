import type { ContentFile } from '../manifest/content-file.ts'
import type { SnapshotOperation } from '../metadata/snapshot.ts'

/** What a new snapshot does to its parent's files. */
export type SnapshotChange = {
  readonly operation: SnapshotOperation
  readonly added: readonly AddedFile[]
  /** Files of the parent snapshot, data and delete files alike; each must be live in it. */
  readonly removed: readonly ContentFile[]
  /** Further summary entries. */
  readonly summary: Readonly<Record<string, string>>
}

export type AddedFile = {
  readonly file: ContentFile
  /** Absent: the new snapshot's own. Rewritten rows keep an older one, so that later deletes still apply to them. */
  readonly dataSequenceNumber?: number
}
