import type { EpochMs } from '@moraine/stdx/brand'
import type { MetadataDraft } from './metadata-draft.ts'
import type { Snapshot, SnapshotLogEntry } from './snapshot.ts'

/**
 * Notes in the log that the snapshot has become the current one: at its own time if this commit adds it, now if the
 * table is rolled back to it. The entry stays within a minute of its neighbours in time, whatever the writer's clock
 * says, since readers refuse a log that runs further backwards or ahead.
 */
export function logCurrentSnapshot(draft: MetadataDraft, { snapshotId, timestampMs }: Snapshot): void {
  const isNew = draft.added.snapshotIds.has(snapshotId)
  if (isNew) draft.added.wereCurrent.add(snapshotId)
  const latest = draft.now + CLOCK_TOLERANCE_MS
  const earliest = ((draft.logged.at(-1) ?? draft.snapshotLog.at(-1))?.timestampMs ?? 0) - CLOCK_TOLERANCE_MS
  const at = Math.min(Math.max(isNew ? timestampMs : draft.now, earliest), latest) as EpochMs
  draft.logged.push({ timestampMs: at, snapshotId })
}

/**
 * The log as it is committed. Snapshots that were current only between two updates of one commit never were, for
 * anybody else. A removed snapshot takes the history before it along: with the gap closed, an older snapshot would seem
 * to have been current longer than it was (table spec, "snapshot-log").
 */
export function settledSnapshotLog(draft: MetadataDraft): readonly SnapshotLogEntry[] {
  const log = draft.logged.length === 0 ? draft.snapshotLog : [...draft.snapshotLog, ...draft.logged]
  const passing = draft.added.wereCurrent
  const isPassing = ({ snapshotId }: SnapshotLogEntry) =>
    passing.has(snapshotId) && snapshotId !== draft.currentSnapshotId
  const removed = draft.removedSnapshotIds
  if (removed.size === 0 && !log.some(isPassing)) return log
  const isLost = ({ snapshotId }: SnapshotLogEntry) => draft.snapshots.find(snapshotId) === undefined
  const lastLost = removed.size === 0 ? -1 : log.findLastIndex(isLost)
  return log.slice(lastLost + 1).filter((entry) => !isPassing(entry))
}

const CLOCK_TOLERANCE_MS = 60_000
