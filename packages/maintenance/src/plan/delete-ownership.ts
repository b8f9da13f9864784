import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { deleteStateOf } from './delete-state.ts'
import type { PartitionFiles } from './table-files.ts'

/** Which groups must be committed before a delete file is needed by no live data file; absent if some file needs it still. */
export type DeleteOwnership = ReadonlyMap<
  string,
  { readonly entry: ManifestEntry; readonly groupIds: readonly number[] }
>

/**
 * Finds the delete files a plan can release. A delete file is owned by every live data file of the snapshot that it can
 * apply to, whatever its partition or spec: an equality delete of an unpartitioned spec reaches all partitions, and
 * dropping it after optimizing one of them would bring deleted rows back in the others.
 *
 * @param groupOf the group that processes a data file, by path; `undefined` if none does
 * @param deletes every live delete entry of the snapshot, so that those that apply to nothing are found as well
 */
export function releasableDeletes(
  partitions: readonly PartitionFiles[],
  deletes: readonly ManifestEntry[],
  groupOf: (dataFilePath: string) => number | undefined,
): DeleteOwnership {
  const groups = new Map<string, Set<number>>()
  const needed = new Set<string>()
  for (const task of partitions.flatMap((partition) => partition.files)) {
    if (task.deletes.length === 0) continue
    const groupId = groupOf(task.data.file.filePath)
    for (const entry of deleteStateOf(task).effective) {
      const key = contentFileKey(entry.file)
      if (groupId === undefined) needed.add(key)
      else groups.set(key, (groups.get(key) ?? new Set()).add(groupId))
    }
  }
  const released = new Map<string, { entry: ManifestEntry; groupIds: readonly number[] }>()
  for (const entry of deletes) {
    const key = contentFileKey(entry.file)
    if (!needed.has(key)) released.set(key, { entry, groupIds: [...(groups.get(key) ?? [])].sort((a, b) => a - b) })
  }
  return released
}
