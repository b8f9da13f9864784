import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'

/** The files that came and went between two snapshots of a table, net. */
export type TableChanges = {
  readonly added: readonly ManifestEntry[]
  /** Keys (see `contentFileKey`) of files that are no longer live, or live again as something else. */
  readonly removed: ReadonlySet<string>
}

/** The manifests that have to be read to know what changed: those that the two snapshots do not list alike. */
export function differingManifests(
  base: readonly ManifestFile[],
  current: readonly ManifestFile[],
): { readonly gone: readonly ManifestFile[]; readonly fresh: readonly ManifestFile[] } {
  const before = new Set(base.map(lineOf))
  const after = new Set(current.map(lineOf))
  return {
    gone: base.filter((manifest) => !after.has(lineOf(manifest))),
    fresh: current.filter((manifest) => !before.has(lineOf(manifest))),
  }
}

// Entries inherit from the line: an upgrade to v3 gives the same manifests row ids.
function lineOf({ manifestPath, sequenceNumber, addedSnapshotId, firstRowId }: ManifestFile): string {
  return `${manifestPath} ${sequenceNumber} ${addedSnapshotId} ${firstRowId}`
}

/**
 * Compares the live files of the manifests that only the older snapshot lists with those that only the newer one does.
 * A file that merely moved to another manifest is in both. One that was removed and added again is another file: with its
 * sequence number it changed which deletes apply to it, and with its first row id whose rows it holds.
 */
export function tableChanges(gone: Iterable<ManifestEntry>, fresh: Iterable<ManifestEntry>): TableChanges {
  const left = new Map<string, string>()
  for (const entry of gone) if (entry.status !== 'deleted') left.set(identityOf(entry), contentFileKey(entry.file))
  const added: ManifestEntry[] = []
  for (const entry of fresh) {
    if (entry.status !== 'deleted' && !left.delete(identityOf(entry))) added.push(entry)
  }
  return { added, removed: new Set(left.values()) }
}

function identityOf({ file, dataSequenceNumber }: ManifestEntry): string {
  return `${dataSequenceNumber} ${file.firstRowId} ${partitionKey(file.specId, file.partition)} ${contentFileKey(file)}`
}
