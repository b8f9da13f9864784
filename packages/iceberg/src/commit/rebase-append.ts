import type { EpochMs } from '@moraine/stdx/brand'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { writeManifestList } from '../manifest/manifest-list-writer.ts'
import { assignFirstRowIds } from '../manifest/staged-manifest.ts'
import { checkRequirements } from '../metadata/check-requirements.ts'
import { findRef } from '../metadata/find-ref.ts'
import type { Snapshot, SnapshotId } from '../metadata/snapshot.ts'
import { isAncestorOf } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import type { TableRequirement } from '../metadata/table-requirement.ts'
import type { TableUpdate } from '../metadata/table-update.ts'
import { mayHoldLiveFiles, readManifests } from '../scan/read-manifests.ts'
import { rebasedSummary } from './snapshot-summary.ts'

export type RebasedAppend = {
  /** The commit as it is to be made now; its requirements are what is left of the old ones. */
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
  /** The new manifest list; unreferenced if the commit is not made. */
  readonly manifestList: string
}

export type RebaseContext = { readonly io: FileIO; readonly random: Random; readonly signal?: AbortSignal }

/**
 * Makes an append again on top of the branch as it is now, if all that speaks against it is that the branch moved since
 * the writer looked. Its manifests stay as they are and get a new manifest list beside those that the branch has now, with
 * the sequence number and first row id that are next.
 *
 * Right only where the rows are new whatever others did meanwhile. The commit does not tell: a MERGE that found nothing to
 * update looks the same, and its writer needs the refusal to look again. So `commit.rebase-appends.enabled` of the table
 * says it, by default not.
 *
 * `undefined` if the table does not ask for it, if the commit is something else, or rests on what is gone: a parent that
 * is no ancestor of the branch any more or has expired, a manifest that the writer merged into one of its own and that
 * another commit replaced meanwhile.
 */
export async function rebaseAppend(
  metadata: TableMetadata,
  commit: { readonly requirements: readonly TableRequirement[]; readonly updates: readonly TableUpdate[] },
  context: RebaseContext,
): Promise<RebasedAppend | undefined> {
  const append = isAsked(metadata) ? appendOf(commit) : undefined
  const head = append && headOf(metadata, append)
  if (append === undefined || head === undefined) return undefined
  const manifests = await rebasedManifests(metadata, append.snapshot, head, context)
  if (manifests === undefined) return undefined
  const { snapshot, location } = await writeRebased(metadata, append.snapshot, { head, manifests }, context)
  return {
    requirements: append.otherRequirements,
    updates: [
      { action: 'add-snapshot', snapshot },
      {
        action: 'set-snapshot-ref',
        refName: append.branch,
        // With the retention settings that the branch has now.
        ref: { ...findRef(metadata, append.branch), type: 'branch', snapshotId: snapshot.snapshotId },
      },
    ],
    manifestList: location,
  }
}

/** The property of a table whose appends may be put on top of those that came first. */
export const REBASE_APPENDS = 'commit.rebase-appends.enabled'

function isAsked({ properties }: TableMetadata): boolean {
  return Object.hasOwn(properties, REBASE_APPENDS) && properties[REBASE_APPENDS]?.trim().toLowerCase() === 'true'
}

type Append = {
  readonly snapshot: Snapshot
  readonly branch: string
  readonly otherRequirements: readonly TableRequirement[]
}

/** The parts of a commit that does nothing but append to a branch, from the state of the branch that it names. */
function appendOf({
  requirements,
  updates,
}: {
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
}): Append | undefined {
  const [add, set, ...more] = updates
  if (add?.action !== 'add-snapshot' || set?.action !== 'set-snapshot-ref' || more.length > 0) return undefined
  const { snapshot } = add
  const { ref, refName } = set
  if (snapshot.operation !== 'append' || ref.type !== 'branch' || ref.snapshotId !== snapshot.snapshotId)
    return undefined
  const isOnBranch = (each: TableRequirement) => each.type === 'assert-ref-snapshot-id' && each.ref === refName
  const [onBranch, ...again] = requirements.filter(isOnBranch)
  if (onBranch?.type !== 'assert-ref-snapshot-id' || again.length > 0) return undefined
  if (onBranch.snapshotId !== snapshot.parentSnapshotId) return undefined
  return { snapshot, branch: refName, otherRequirements: requirements.filter((each) => !isOnBranch(each)) }
}

/** The branch's snapshot, if the append may go on top of it. */
function headOf(metadata: TableMetadata, { snapshot, branch, otherRequirements }: Append): Snapshot | undefined {
  if (checkRequirements(metadata, otherRequirements).kind === 'violated') return undefined
  if (metadata.snapshots.some(({ snapshotId }) => snapshotId === snapshot.snapshotId)) return undefined
  const ref = findRef(metadata, branch)
  if (ref?.type !== 'branch') return undefined
  const { parentSnapshotId } = snapshot
  if (parentSnapshotId !== undefined) {
    // What the writer merged into its manifests can be told only from the parent's.
    const isRetained = metadata.snapshots.some((each) => each.snapshotId === parentSnapshotId)
    if (!isRetained || !isAncestorOf(metadata, ref.snapshotId, parentSnapshotId)) return undefined
  }
  return metadata.snapshots.find(({ snapshotId }) => snapshotId === ref.snapshotId)
}

async function rebasedManifests(
  metadata: TableMetadata,
  snapshot: Snapshot,
  head: Snapshot,
  { io, signal }: RebaseContext,
): Promise<readonly ManifestFile[] | undefined> {
  const parent = metadata.snapshots.find(({ snapshotId }) => snapshotId === snapshot.parentSnapshotId)
  const read = (of: Snapshot) => readManifests(io, metadata, of, signal)
  const [own, before, now] = await Promise.all([read(snapshot), parent === undefined ? [] : read(parent), read(head)])
  const kept = pathsOf(own)
  const known = pathsOf(before)
  const present = pathsOf(now)
  const added = own.filter(({ manifestPath }) => !known.has(manifestPath))
  // Manifests without live files are left out by many writers, and missed by nobody.
  const merged = pathsOf(before.filter((manifest) => !kept.has(manifest.manifestPath) && mayHoldLiveFiles(manifest)))
  if (!added.every((manifest) => isAppended(manifest, snapshot.snapshotId))) return undefined
  if (![...merged].every((path) => present.has(path))) return undefined
  return [
    ...added.map((manifest) => renumbered(manifest, snapshot, nextSequenceNumber(metadata))),
    ...now.filter(({ manifestPath }) => !merged.has(manifestPath)),
  ]
}

function pathsOf(manifests: readonly ManifestFile[]): ReadonlySet<string> {
  return new Set(manifests.map(({ manifestPath }) => manifestPath))
}

/** Of this snapshot, and nothing in it but new data files and what was merged into it. */
function isAppended(manifest: ManifestFile, snapshotId: SnapshotId): boolean {
  const { content, addedSnapshotId, addedFilesCount, deletedFilesCount } = manifest
  return addedSnapshotId === snapshotId && deletedFilesCount === 0 && (content === 'data' || addedFilesCount === 0)
}

/** Added entries inherit both numbers from this line; what was merged into the manifest states its own. */
function renumbered(manifest: ManifestFile, snapshot: Snapshot, sequenceNumber: number): ManifestFile {
  const { firstRowId: _, ...line } = manifest
  const isOwn = line.minSequenceNumber === snapshot.sequenceNumber
  return { ...line, sequenceNumber, minSequenceNumber: isOwn ? sequenceNumber : line.minSequenceNumber }
}

function nextSequenceNumber({ formatVersion, lastSequenceNumber }: TableMetadata): number {
  return formatVersion === 1 ? 0 : lastSequenceNumber + 1
}

async function writeRebased(
  metadata: TableMetadata,
  snapshot: Snapshot,
  { head, manifests }: { readonly head: Snapshot; readonly manifests: readonly ManifestFile[] },
  { io, random, signal }: RebaseContext,
): Promise<{ readonly snapshot: Snapshot; readonly location: string }> {
  const { formatVersion, nextRowId } = metadata
  const { snapshotId } = snapshot
  const parent = metadata.snapshots.find((each) => each.snapshotId === snapshot.parentSnapshotId)
  const assigned = formatVersion >= 3 ? assignFirstRowIds(manifests, nextRowId) : { manifests, nextRowId }
  const sequenceNumber = nextSequenceNumber(metadata)
  const own = snapshot.manifests.kind === 'list' ? snapshot.manifests.location : ''
  const location = `${own.slice(0, own.lastIndexOf('/'))}/snap-${snapshotId}-0-${uuidV4(random)}.avro`
  const list = writeManifestList({
    formatVersion,
    manifests: assigned.manifests,
    snapshotId,
    parentSnapshotId: head.snapshotId,
    sequenceNumber,
    firstRowId: nextRowId,
  })
  await io.write(location, list, { isUnreferenced: true }, signal)
  const rebased = {
    ...snapshot,
    parentSnapshotId: head.snapshotId,
    sequenceNumber,
    // The log of a table must not run backwards.
    timestampMs: Math.max(snapshot.timestampMs, metadata.lastUpdatedMs) as EpochMs,
    manifests: { kind: 'list', location } as const,
    summary: rebasedSummary(snapshot.summary, { from: parent?.summary, to: head.summary }),
    ...(formatVersion >= 3 && { firstRowId: nextRowId, addedRows: assigned.nextRowId - nextRowId }),
  }
  return { snapshot: rebased, location }
}
