import { invalid, type MetadataDraft, stale } from './metadata-draft.ts'
import type { Snapshot, SnapshotId, SnapshotRef } from './snapshot.ts'
import { logCurrentSnapshot } from './snapshot-log.ts'

/**
 * Adds a snapshot, on no branch as yet. What it took from the table when it was made, its sequence number and first row
 * id, must still be ahead of the table's; else the writer has to make it again.
 */
export function addSnapshot(draft: MetadataDraft, snapshot: Snapshot): void {
  const { snapshotId, sequenceNumber } = snapshot
  // By -1 clients mean that there is none.
  if (snapshotId < 0n) invalid(`cannot add snapshot ${snapshotId}: ids of snapshots are not negative`)
  if (draft.schemas.length === 0) invalid('cannot add a snapshot before a schema')
  if (draft.partitionSpecs.length === 0) invalid('cannot add a snapshot before a partition spec')
  if (draft.sortOrders.length === 0) invalid('cannot add a snapshot before a sort order')
  if (draft.snapshots.find(snapshotId) !== undefined) invalid(`snapshot ${snapshotId} is already in the table`)
  checkParent(draft, snapshot)
  if (draft.formatVersion === 1) {
    if (sequenceNumber !== 0)
      invalid(`snapshot ${snapshotId} has sequence number ${sequenceNumber}; in v1 it must be 0`)
  } else {
    checkSequenceNumber(draft, snapshot)
    if (snapshot.manifests.kind === 'inline') {
      invalid(`snapshot ${snapshotId} has no manifest list, which v${draft.formatVersion} requires`)
    }
  }
  if (draft.formatVersion >= 3) draft.nextRowId = rowIdAfter(draft, snapshot)
  draft.lastSequenceNumber = Math.max(draft.lastSequenceNumber, sequenceNumber)
  draft.snapshots.add(snapshot)
  draft.added.snapshotIds.add(snapshotId)
}

/** Creates or moves a branch or tag. Moving `main` makes its snapshot the current one. */
export function setSnapshotRef(draft: MetadataDraft, name: string, ref: SnapshotRef): void {
  const existing = draft.refs.get(name)
  if (existing !== undefined && isSameRef(existing, ref)) return
  const snapshot = draft.snapshots.find(ref.snapshotId)
  if (snapshot === undefined) stale(`cannot set ${name} to unknown snapshot ${ref.snapshotId}; it may have expired`)
  checkRef(name, ref)
  draft.refs.set(name, ref)
  if (name !== 'main') return
  draft.currentSnapshotId = ref.snapshotId
  logCurrentSnapshot(draft, snapshot)
}

export function removeSnapshotRef(draft: MetadataDraft, name: string): void {
  draft.refs.remove(name)
  if (name === 'main') delete draft.currentSnapshotId
}

/**
 * Removes snapshots and the statistics of each; ids that are not in the table are no error. Whether a branch or tag
 * still needs one of them is judged when all updates are applied.
 */
export function removeSnapshots(draft: MetadataDraft, snapshotIds: readonly SnapshotId[]): void {
  for (const snapshotId of snapshotIds) {
    if (!draft.snapshots.remove(snapshotId)) continue
    draft.removedSnapshotIds.add(snapshotId)
    draft.statistics.remove(snapshotId)
    draft.partitionStatistics.remove(snapshotId)
  }
}

function checkParent(draft: MetadataDraft, { snapshotId, parentSnapshotId }: Snapshot): void {
  if (parentSnapshotId === undefined) return
  if (draft.snapshots.find(parentSnapshotId) === undefined) {
    stale(`snapshot ${snapshotId} has the unknown parent ${parentSnapshotId}; it may have expired`)
  }
}

// A snapshot without a parent replaces the table. Two writers may do so at once, from the same state and thus with the
// same number; neither's files meet the other's deletes, so that does no harm.
function checkSequenceNumber({ lastSequenceNumber }: MetadataDraft, snapshot: Snapshot): void {
  const { snapshotId, sequenceNumber, parentSnapshotId } = snapshot
  if (sequenceNumber <= lastSequenceNumber && parentSnapshotId !== undefined) {
    stale(
      `cannot add snapshot ${snapshotId} with sequence number ${sequenceNumber}, ` +
        `which is not above the table's last, ${lastSequenceNumber}`,
    )
  }
  if (sequenceNumber > lastSequenceNumber + 1 && sequenceNumber > SEQUENCE_NUMBER_JUMP_MAX) {
    invalid(
      `cannot add snapshot ${snapshotId} with sequence number ${sequenceNumber}: the table's last is ` +
        `${lastSequenceNumber}, and so far a jump leaves no numbers for those that come after`,
    )
  }
}

/** Half of the numbers there are. */
const SEQUENCE_NUMBER_JUMP_MAX = 2 ** 52

function rowIdAfter({ nextRowId }: MetadataDraft, { snapshotId, firstRowId, addedRows }: Snapshot): bigint {
  if (firstRowId === undefined || addedRows === undefined || addedRows < 0n) {
    invalid(`cannot add snapshot ${snapshotId}: v3 requires its first-row-id and added-rows`)
  }
  if (firstRowId < nextRowId) {
    stale(`cannot add snapshot ${snapshotId}: its first-row-id ${firstRowId} is behind the table's next, ${nextRowId}`)
  }
  const after = firstRowId + addedRows
  // What a commit takes it takes for good: a table without numbers takes no more rows, and one beyond them nobody can read.
  if (after - nextRowId > (LAST_ROW_ID - nextRowId) / 2n) {
    invalid(
      `cannot add snapshot ${snapshotId}: with first-row-id ${firstRowId} and added-rows ${addedRows} it takes more than half ` +
        `of the row ids that the table has left, from ${nextRowId} to ${LAST_ROW_ID}`,
    )
  }
  return after
}

const LAST_ROW_ID = 2n ** 63n - 1n

function checkRef(name: string, ref: SnapshotRef): void {
  if (name === '') invalid('a branch or tag must have a name')
  if (ref.type === 'tag') {
    if (name === 'main') invalid('main must be a branch, not a tag')
    if (ref.minSnapshotsToKeep !== undefined || ref.maxSnapshotAgeMs !== undefined) {
      invalid(`tag ${name} cannot have min-snapshots-to-keep or max-snapshot-age-ms; those are for branches`)
    }
  }
  for (const limit of ['minSnapshotsToKeep', 'maxSnapshotAgeMs', 'maxRefAgeMs'] as const) {
    const value = ref[limit]
    if (value !== undefined && value <= 0) invalid(`${ref.type} ${name} has ${limit} ${value}; it must be positive`)
  }
}

function isSameRef(a: SnapshotRef, b: SnapshotRef): boolean {
  return (
    a.snapshotId === b.snapshotId &&
    a.type === b.type &&
    a.minSnapshotsToKeep === b.minSnapshotsToKeep &&
    a.maxSnapshotAgeMs === b.maxSnapshotAgeMs &&
    a.maxRefAgeMs === b.maxRefAgeMs
  )
}
