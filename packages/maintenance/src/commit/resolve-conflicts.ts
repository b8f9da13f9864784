import { contentFileKey, isDeletionVector } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import { isUnpartitioned } from '@moraine/iceberg/partition/partition-spec'
import { DeleteIndex } from '@moraine/iceberg/scan/delete-index'
import { positionDeleteTarget } from '@moraine/iceberg/scan/position-delete-target'
import type { DeleteInput, ReleasedDelete, RewriteGroup, RewritePlan } from '../plan/rewrite-plan.ts'
import { deleteInputEntry, deleteInputKey } from './planned-files.ts'
import type { TableChanges } from './table-changes.ts'

/** What of a plan can still be committed after others have changed the table. */
export type Resolution = {
  readonly groups: readonly RewriteGroup[]
  readonly conflicts: readonly GroupConflict[]
  /** Delete files to remove along with the groups. */
  readonly released: readonly DeleteInput[]
}

export type GroupConflict = { readonly groupId: number; readonly reason: string }

/**
 * Decides group by group whether the plan still holds after the changes since its base snapshot. A group conflicts if
 *
 * - one of its files, or one of the deletes it applied, is no longer live: somebody rewrote or restored it;
 * - one of its files was added once more: one of the two would stay;
 * - a new position delete names one of its files: the positions would be lost with a rewritten file, and in v3 a file
 *   may have only one vector.
 *
 * - it moves rows to another partition spec, and a new equality delete is of some partition: whether it applies to a row
 *   depends on the spec of the row's file.
 *
 * Otherwise new equality deletes never conflict, and new data files never do: rewritten rows keep the base sequence
 * number, so later equality deletes still reach them.
 */
export function resolveConflicts(
  plan: RewritePlan,
  groups: readonly RewriteGroup[],
  changes: TableChanges,
  metadata: TableMetadata,
): Resolution {
  const newDeletes = newPositionDeletes(changes)
  const newFiles = new Set(changes.added.map(({ file }) => file.filePath))
  const conflicts: GroupConflict[] = []
  const kept: RewriteGroup[] = []
  for (const group of groups) {
    const reason =
      removedFileConflict(group, changes) ??
      addedAgainConflict(group, newFiles) ??
      newDeleteConflict(group, newDeletes, metadata) ??
      movedRowsConflict(group, changes, metadata)
    if (reason === undefined) kept.push(group)
    else conflicts.push({ groupId: group.groupId, reason })
  }
  const committed = new Set(kept.map((group) => group.groupId))
  return {
    groups: kept,
    conflicts,
    released: kept.length === 0 ? [] : stillReleasable(plan.releasedDeletes, committed, changes, metadata),
  }
}

function removedFileConflict(group: RewriteGroup, changes: TableChanges): string | undefined {
  const input = group.inputs.find((file) => changes.removed.has(file.filePath))
  if (input !== undefined) return `${input.filePath} was removed from the table meanwhile`
  const applied = group.deletes.find((each) => changes.removed.has(deleteInputKey(each)))
  return applied === undefined
    ? undefined
    : `delete file ${applied.filePath}, which was applied, was removed from the table meanwhile`
}

function addedAgainConflict(group: RewriteGroup, newFiles: ReadonlySet<string>): string | undefined {
  const input = group.inputs.find((file) => newFiles.has(file.filePath))
  return input && `${input.filePath} was added to the table once more meanwhile`
}

type NewPositionDeletes = {
  readonly byPath: ReadonlyMap<string, ManifestEntry>
  readonly byPartition: ReadonlyMap<string, ManifestEntry>
}

function newPositionDeletes(changes: TableChanges): NewPositionDeletes {
  const byPath = new Map<string, ManifestEntry>()
  const byPartition = new Map<string, ManifestEntry>()
  for (const entry of changes.added) {
    if (entry.file.content !== 'position-deletes') continue
    const target = positionDeleteTarget(entry.file)
    if (target.kind === 'one-file') byPath.set(target.path, entry)
    else byPartition.set(partitionKey(entry.file.specId, entry.file.partition), entry)
  }
  return { byPath, byPartition }
}

function newDeleteConflict(group: RewriteGroup, news: NewPositionDeletes, metadata: TableMetadata): string | undefined {
  // Position delete files add up, so a converted file may get more of them; a second vector it may not.
  const tolerates = (entry: ManifestEntry) =>
    group.method.kind === 'convert-deletes' && metadata.formatVersion < 3 && !isDeletionVector(entry.file)
  for (const input of group.inputs) {
    const entry = news.byPath.get(input.filePath) ?? news.byPartition.get(partitionKey(group.specId, group.partition))
    if (entry !== undefined && !tolerates(entry))
      return `${entry.file.filePath} deletes rows of ${input.filePath} meanwhile`
  }
  return undefined
}

function movedRowsConflict(group: RewriteGroup, changes: TableChanges, metadata: TableMetadata): string | undefined {
  if (group.outputSpecId === undefined) return undefined
  const isOfPartition = (specId: number) =>
    metadata.partitionSpecs.some((spec) => spec.specId === specId && !isUnpartitioned(spec))
  const found = changes.added.find(({ file }) => file.content === 'equality-deletes' && isOfPartition(file.specId))
  return found === undefined
    ? undefined
    : `${found.file.filePath} deletes rows of one partition meanwhile, and the group moves rows to other partitions`
}

/**
 * A released delete may go if all groups that had to apply it are committed, it is still live, and no data file that
 * came meanwhile with an older sequence number (another engine's rewrite) needs it.
 */
function stillReleasable(
  released: readonly ReleasedDelete[],
  committed: ReadonlySet<number>,
  changes: TableChanges,
  metadata: TableMetadata,
): readonly DeleteInput[] {
  const candidates = released
    .filter(
      (each) => each.groupIds.every((id) => committed.has(id)) && !changes.removed.has(deleteInputKey(each.delete)),
    )
    .map((each) => each.delete)
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  const index = new DeleteIndex(candidates.map(deleteInputEntry), specs, () => undefined)
  const needed = new Set<string>()
  for (const entry of changes.added) {
    if (entry.file.content !== 'data') continue
    for (const each of index.deletesFor(entry)) needed.add(contentFileKey(each.file))
  }
  return candidates.filter((each) => !needed.has(deleteInputKey(each)))
}
