import { MoraineError } from '@moraine/stdx/error'
import type { Snapshot, SnapshotId } from '../metadata/snapshot.ts'
import { findSnapshot } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'

/**
 * The snapshots after `start` up to and with `end` that appended files, oldest first: what an incremental scan reads.
 * Those that only replaced files hold the same rows as before and are passed over.
 *
 * @throws {MoraineError} `not-found` if `end` is not retained, `invalid-input` if `start` is no ancestor of it as far as
 *   the table retains them, `unsupported` if a snapshot between them changed rows in another way.
 */
export function appendsBetween(metadata: TableMetadata, start: SnapshotId, end: SnapshotId): readonly Snapshot[] {
  const snapshots = new Map(metadata.snapshots.map((each) => [each.snapshotId, each]))
  const found: Snapshot[] = []
  let at: SnapshotId | undefined = findSnapshot(metadata, end).snapshotId
  // A chain longer than the table has snapshots would be a loop.
  for (let steps = 0; at !== start; steps += 1) {
    const snapshot: Snapshot | undefined = at === undefined ? undefined : snapshots.get(at)
    if (snapshot === undefined || steps > snapshots.size) {
      throw new MoraineError(
        'invalid-input',
        `snapshot ${start} is no ancestor of snapshot ${end} of ${metadata.location}, or those between have expired`,
      )
    }
    if (isAppend(snapshot)) found.push(snapshot)
    at = snapshot.parentSnapshotId
  }
  return found.reverse()
}

function isAppend({ operation, snapshotId }: Snapshot): boolean {
  if (operation === 'append') return true
  if (operation === 'replace') return false
  throw new MoraineError(
    'unsupported',
    `snapshot ${snapshotId} is ${operation === undefined ? 'of no known operation' : `of operation ${operation}`}: an incremental scan can only tell what was appended; scan the snapshots as they are`,
  )
}
