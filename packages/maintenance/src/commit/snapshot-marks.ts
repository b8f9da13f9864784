import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'

// What the summary of a snapshot says of the process that committed it, so that a commit whose answer was lost is
// recognised after a restart.
export const PROCESS_MARK = 'moraine.process-id'
const GROUPS = 'moraine.groups'
// Amoro's word for who made a snapshot.
const PRODUCER = 'snapshot.producer'

/** The summary entries of a snapshot that commits these groups of a process. */
export function snapshotMarks(processId: string, groupIds: readonly number[]): Readonly<Record<string, string>> {
  return { [PRODUCER]: 'OPTIMIZE', [PROCESS_MARK]: processId, [GROUPS]: groupIds.join(',') }
}

/** The process whose commit a snapshot is; `undefined` for those of others. */
function processIdOf({ summary }: Snapshot): string | undefined {
  return summary[PROCESS_MARK]
}

/** The groups of its process that a snapshot commits. */
export function committedGroups({ summary }: Snapshot): readonly number[] {
  return (summary[GROUPS] ?? '').split(',').filter(Boolean).map(Number)
}

export function findProcessSnapshot(snapshots: readonly Snapshot[], processId: string): Snapshot | undefined {
  return snapshots.find((snapshot) => processIdOf(snapshot) === processId)
}
