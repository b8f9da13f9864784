import { findRef } from '../metadata/find-ref.ts'
import type { Snapshot } from '../metadata/snapshot.ts'
import { isAncestorOf } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import type { TableUpdate } from '../metadata/table-update.ts'

/**
 * Whether the table has the one snapshot that these updates add to a branch: then they are those of a commit that was
 * made before and whose answer the writer never got. Ids are random numbers of 63 bits; what the snapshot says that it
 * did must be the same as well. It may have been rebased meanwhile.
 */
export function isAlreadyMade(metadata: TableMetadata, updates: readonly TableUpdate[]): boolean {
  const [add, set, ...more] = updates
  if (add?.action !== 'add-snapshot' || set?.action !== 'set-snapshot-ref' || more.length > 0) return false
  const { snapshot } = add
  const known = metadata.snapshots.find(({ snapshotId }) => snapshotId === snapshot.snapshotId)
  const head = findRef(metadata, set.refName)
  if (known === undefined || head === undefined || set.ref.snapshotId !== snapshot.snapshotId) return false
  return isAncestorOf(metadata, head.snapshotId, known.snapshotId) && deedOf(known) === deedOf(snapshot)
}

/** What a snapshot did, as text: totals depend on what it was put on top of. */
function deedOf({ operation, schemaId, summary }: Snapshot): string {
  const own = Object.entries(summary).filter(([key]) => !key.startsWith('total-'))
  return JSON.stringify([operation, schemaId, own.sort(([a], [b]) => (a < b ? -1 : 1))])
}
