import { MoraineError } from '@moraine/stdx/error'
import type { Snapshot, SnapshotId } from './snapshot.ts'
import type { TableMetadata } from './table-metadata.ts'

/** @throws {MoraineError} `not-found` if the table does not retain the snapshot. */
export function findSnapshot(metadata: TableMetadata, id: SnapshotId): Snapshot {
  const snapshot = metadata.snapshots.find((each) => each.snapshotId === id)
  if (snapshot === undefined)
    throw new MoraineError(
      'not-found',
      `snapshot ${id} is not in the table at ${metadata.location}; it may have expired meanwhile: try again with the table as it is now`,
    )
  return snapshot
}

/** The current snapshot of `main`; `undefined` for a table without data. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  return metadata.currentSnapshotId === undefined ? undefined : findSnapshot(metadata, metadata.currentSnapshotId)
}

/** Whether the snapshot is the current one or one of its ancestors, as far as the table retains them. */
export function isAncestor(metadata: TableMetadata, id: SnapshotId): boolean {
  return metadata.currentSnapshotId !== undefined && isAncestorOf(metadata, metadata.currentSnapshotId, id)
}

/** Whether `id` is `head` or one of its ancestors, as far as the table retains them. */
export function isAncestorOf(metadata: TableMetadata, head: SnapshotId, id: SnapshotId): boolean {
  const parents = new Map(metadata.snapshots.map((each) => [each.snapshotId, each.parentSnapshotId]))
  let at: SnapshotId | undefined = head
  // A chain longer than the table has snapshots would be a loop.
  for (let steps = 0; at !== undefined && steps <= parents.size; steps += 1) {
    if (at === id) return true
    at = parents.get(at)
  }
  return false
}
