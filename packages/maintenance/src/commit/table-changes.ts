import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'

/** The files that came and went between two snapshots of a table, net. */
export type TableChanges = {
  readonly added: readonly ManifestEntry[]
  /** Keys (see `contentFileKey`) of files that are no longer live. */
  readonly removed: ReadonlySet<string>
}

/** The manifests that have to be read to know what changed: those that only one of the two snapshots lists. */
export function differingManifests(
  base: readonly ManifestFile[],
  current: readonly ManifestFile[],
): { readonly gone: readonly ManifestFile[]; readonly fresh: readonly ManifestFile[] } {
  const basePaths = new Set(base.map((manifest) => manifest.manifestPath))
  const currentPaths = new Set(current.map((manifest) => manifest.manifestPath))
  return {
    gone: base.filter((manifest) => !currentPaths.has(manifest.manifestPath)),
    fresh: current.filter((manifest) => !basePaths.has(manifest.manifestPath)),
  }
}

/**
 * Compares the live files of the manifests that only the older snapshot lists with those that only the newer one does.
 * A file that merely moved to another manifest is in both.
 */
export function tableChanges(gone: Iterable<ManifestEntry>, fresh: Iterable<ManifestEntry>): TableChanges {
  const removed = new Set<string>()
  for (const entry of gone) if (entry.status !== 'deleted') removed.add(contentFileKey(entry.file))
  const added: ManifestEntry[] = []
  for (const entry of fresh) {
    if (entry.status !== 'deleted' && !removed.delete(contentFileKey(entry.file))) added.push(entry)
  }
  return { added, removed }
}
