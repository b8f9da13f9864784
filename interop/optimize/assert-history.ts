import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { LedgeredWriter } from './ledgered-writer.ts'

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
  { states, snapshotsPerCommit }: Pick<LedgeredWriter, 'states' | 'snapshotsPerCommit'>,
  read: (snapshotId: bigint) => Promise<readonly string[]>,
): Promise<number> {
  let commit = 0
  let rewrites = 0
  let isBetween = false // two snapshots of one commit
  for (const [at, { snapshotId, parentSnapshotId, summary }] of snapshots.entries()) {
    assert.equal(parentSnapshotId, snapshots[at - 1]?.snapshotId, 'the history is one line')
    const isOurs = summary['snapshot.producer'] === 'OPTIMIZE'
    const rows = await read(snapshotId)
    isBetween = !isOurs && snapshotsPerCommit === 'several' && !isDeepStrictEqual(rows, states[commit + 1])
    if (isBetween) continue
    if (isOurs) rewrites += 1
    else commit += 1
    assert.deepEqual(rows, states[commit], `snapshot ${snapshotId}`)
  }
  assert.ok(!isBetween, 'the last commit is whole')
  assert.equal(commit, states.length - 1, 'every commit of the ledger is in the history, and no other')
  return rewrites
}
