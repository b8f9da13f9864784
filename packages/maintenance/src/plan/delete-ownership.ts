import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { type FileId, type FileIndex, fileId, forEachDeleted } from './file-index.ts'

/** Which groups must be committed before a delete file is needed by no live data file; absent if some file needs it still. */
export type DeleteOwnership = ReadonlyMap<ManifestEntry, readonly number[]>

/**
 * Finds the delete files a plan can release. A delete file is owned by every live data file of the snapshot that it can
 * apply to, whatever its partition or spec: an equality delete of an unpartitioned spec reaches all partitions, and
 * dropping it after optimizing one of them would bring deleted rows back in the others.
 *
 * @param groupOf the group that processes a data file; `undefined` if none does
 */
export function releasableDeletes(index: FileIndex, groupOf: (file: FileId) => number | undefined): DeleteOwnership {
  const groups = new Map<ManifestEntry, Set<number>>()
  const needed = new Set<ManifestEntry>()
  forEachDeleted(index, ({ effective }, _files, row, segment) => {
    const groupId = groupOf(fileId(segment, row))
    for (const entry of effective) {
      if (groupId === undefined) needed.add(entry)
      else groups.set(entry, (groups.get(entry) ?? new Set()).add(groupId))
    }
  })
  const released = new Map<ManifestEntry, readonly number[]>()
  for (const entry of index.deletes) {
    if (!needed.has(entry))
      released.set(
        entry,
        [...(groups.get(entry) ?? [])].sort((a, b) => a - b),
      )
  }
  return released
}
