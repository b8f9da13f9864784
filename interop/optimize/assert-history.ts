import assert from 'node:assert/strict'

/** What a table's metadata says of a snapshot. */
export type HistoricSnapshot = {
  readonly snapshotId: bigint
  readonly parentSnapshotId?: bigint | undefined
  readonly summary: Readonly<Record<string, string>>
}

/**
 * Fails unless a table's snapshots, oldest first, are one line in which each holds what the ledger held at that commit:
 * a commit of ours changes no row, and there is no other commit that the ledger does not have. How many are ours.
 */
export async function assertHistory(
  snapshots: readonly HistoricSnapshot[],
  states: readonly (readonly string[])[],
  read: (snapshotId: bigint) => Promise<readonly string[]>,
): Promise<number> {
  let commit = 0
  for (const [at, { snapshotId, parentSnapshotId, summary }] of snapshots.entries()) {
    assert.equal(parentSnapshotId, snapshots[at - 1]?.snapshotId, 'the history is one line')
    if (summary['snapshot.producer'] !== 'OPTIMIZE') commit += 1
    assert.deepEqual(await read(snapshotId), states[commit], `snapshot ${snapshotId}`)
  }
  assert.equal(commit, states.length - 1, 'every commit of the ledger is in the history, and no other')
  return snapshots.length - commit
}
