import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { mayHoldLiveFiles, readManifestEntries, readManifests } from '@moraine/iceberg/scan/read-manifests'
import type { FileIO } from '@moraine/storage/file-io'
import { fileNameOf } from '../plan/file-name.ts'
import { type AttemptOutput, isNameOfAttempt } from '../plan/output-names.ts'
import type { RewritePlan } from '../plan/rewrite-plan.ts'
import type { RewriteResult } from '../plan/rewrite-result.ts'
import { historySince } from './history-since.ts'
import { committedGroups, findProcessSnapshot } from './snapshot-marks.ts'

/** The commit of a process. `removedDeletes`: delete files that it took out. */
export type LandedCommit = {
  readonly snapshotId: SnapshotId
  readonly groupIds: readonly number[]
  readonly removedDeletes: number
}

/** `hidden`: the table shows nothing of it, nor all that was committed since the plan. */
export type Landed = { readonly kind: 'landed'; readonly commit: LandedCommit } | { readonly kind: 'absent' | 'hidden' }

type Question = { readonly plan: RewritePlan; readonly results: readonly Reported[]; readonly processId: string }
type Reported = { readonly result: RewriteResult; readonly output: AttemptOutput }

/**
 * Whether a process has committed: by its mark in a snapshot that the table shows or showed, or by its outputs, whose
 * names nobody else has, among the live files. Where the table shows all that was committed, no file is read.
 */
export async function findLanded(
  table: LoadedTable,
  { plan, results, processId }: Question,
  io: FileIO,
  signal?: AbortSignal,
): Promise<Landed> {
  const shown = findProcessSnapshot(table.metadata.snapshots, processId)
  if (shown !== undefined) return { kind: 'landed', commit: commitOf(shown) }
  // Another table of the name has nothing of ours.
  if ((table.metadata.tableUuid ?? '') !== plan.tableUuid) return { kind: 'absent' }
  const base = { snapshotId: plan.baseSnapshotId, sequenceNumber: plan.baseSequenceNumber }
  const history = await historySince(base, table, io, signal)
  const earlier = findProcessSnapshot(history.snapshots, processId)
  if (earlier !== undefined) return { kind: 'landed', commit: commitOf(earlier) }
  if (history.isComplete) return { kind: 'absent' }
  const commit = await findByOutputs(table, plan, results, io, signal)
  return commit === undefined ? { kind: 'hidden' } : { kind: 'landed', commit }
}

function commitOf(snapshot: Snapshot): LandedCommit {
  const removedDeletes = Number(snapshot.summary['removed-delete-files'] ?? 0)
  return { snapshotId: snapshot.snapshotId, groupIds: committedGroups(snapshot), removedDeletes }
}

/** Groups of which no output is live any more cannot be told from those that were left out. */
async function findByOutputs(
  { metadata }: LoadedTable,
  { baseSequenceNumber }: RewritePlan,
  results: readonly Reported[],
  io: FileIO,
  signal: AbortSignal | undefined,
): Promise<LandedCommit | undefined> {
  const current = currentSnapshot(metadata)
  if (current === undefined) return undefined
  const groupOf = new Map(
    results.flatMap(({ result: { groupId, dataFiles, deleteFiles }, output: { filePrefix } }) =>
      // A report that names others' files does not show that it was committed.
      [...dataFiles, ...deleteFiles].flatMap(({ filePath }) =>
        isNameOfAttempt(fileNameOf(filePath), filePrefix) ? [[filePath, groupId] as const] : [],
      ),
    ),
  )
  const manifests = (await readManifests(io, metadata, current, signal)).filter(
    (each) => mayHoldLiveFiles(each) && (metadata.formatVersion < 2 || each.sequenceNumber > baseSequenceNumber),
  )
  const groupIds = new Set<number>()
  let snapshotId: SnapshotId | undefined
  for (const manifest of manifests) {
    const [entries = []] = await readManifestEntries(io, metadata, [manifest], signal)
    for (const entry of entries) {
      const groupId = entry.status === 'deleted' ? undefined : groupOf.get(entry.file.filePath)
      if (groupId === undefined) continue
      groupIds.add(groupId)
      snapshotId = entry.snapshotId
    }
  }
  return snapshotId && { snapshotId, groupIds: [...groupIds].sort((a, b) => a - b), removedDeletes: 0 }
}
