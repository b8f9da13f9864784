import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, randomInt63, uuidV4 } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { type ContentFile, contentFileKey } from '../manifest/content-file.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { entryAt, type Manifest } from '../manifest/manifest-reader.ts'
import { findRef } from '../metadata/find-ref.ts'
import type { Snapshot, SnapshotId } from '../metadata/snapshot.ts'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import type { TableRequirement } from '../metadata/table-requirement.ts'
import { mayHoldLiveFiles, readManifest, readManifests } from '../scan/read-manifests.ts'
import { visitLiveEntries } from '../scan/visit-live-entries.ts'
import { ManifestOutput } from './manifest-output.ts'
import { manifestPolicy } from './manifest-policy.ts'
import { manifestsToMerge } from './merge-manifests.ts'
import { RemovedFiles } from './removed-files.ts'
import type { SnapshotChange } from './snapshot-change.ts'
import { snapshotSummary } from './snapshot-summary.ts'
import type { StagedCommit } from './staged-commit.ts'

export type StageContext = {
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Counts from 1; part of the manifest list's name, as other engines have it. */
  readonly attempt: number
  readonly signal?: AbortSignal
}

/**
 * Writes the manifests and the manifest list of a new snapshot of `main` on top of the current one. Manifests without a
 * removed file are taken over as they are; small ones are merged by the table's `commit.manifest.*` properties. If
 * staging fails, what was written is removed again.
 *
 * @throws {MoraineError} `conflict` if a file to be removed is not live in the current snapshot; `corrupt` if it is seen
 *   twice in the manifests that are read
 */
export async function stageSnapshot(
  metadata: TableMetadata,
  change: SnapshotChange,
  context: StageContext,
): Promise<StagedCommit> {
  const parent = currentSnapshot(metadata)
  const snapshotId = unusedSnapshotId(metadata, context.random)
  const output = new ManifestOutput(metadata, snapshotId, uuidV4(context.random), context)
  try {
    const inherited = parent === undefined ? [] : await readManifests(context.io, metadata, parent, context.signal)
    const unaffected = await takeOutRemoved(metadata, inherited, change.removed, output, context)
    const kept = await mergeSmall(metadata, unaffected, output, context)
    for (const { file, dataSequenceNumber } of change.added) await output.add(file, dataSequenceNumber)
    const manifests = [...(await output.finish()), ...kept]
    const { location, addedRows } = await output.writeList(manifests, parent?.snapshotId)
    const snapshot = newSnapshot(metadata, change, { snapshotId, location, addedRows, now: context.clock.now() })
    return { snapshot, ...commitOf(metadata, snapshot), writtenFiles: output.writtenFiles }
  } catch (error) {
    await context.io.remove(output.writtenFiles)
    throw error
  }
}

/** Writes the manifests that hold removed files anew, with those marked deleted; returns the others. */
async function takeOutRemoved(
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  removed: readonly ContentFile[],
  output: ManifestOutput,
  { io, signal }: StageContext,
): Promise<readonly ManifestFile[]> {
  const sought = new RemovedFiles(removed, metadata)
  const unaffected: ManifestFile[] = []
  for (const manifest of manifests.filter(mayHoldLiveFiles)) {
    if (!sought.mayBeIn(manifest)) {
      unaffected.push(manifest)
      continue
    }
    const opened = await readManifest(io, metadata, manifest, signal)
    const gone = await findRemoved(opened, sought)
    if (gone.size === 0) unaffected.push(manifest)
    else {
      await visitLiveEntries(opened, (cursor) =>
        gone.has(cursor.ordinal) ? output.markDeleted(entryAt(cursor)) : output.copyOver(cursor),
      )
    }
  }
  if (sought.lost !== undefined)
    throw new MoraineError('conflict', `${sought.lost} is not in the current snapshot of ${metadata.location}`)
  return unaffected
}

/** The places of a manifest's entries whose files are to be removed; these are taken off what is sought. */
async function findRemoved(manifest: Manifest, sought: RemovedFiles): Promise<ReadonlySet<number>> {
  const found = new Set<number>()
  await visitLiveEntries(manifest, (cursor) => {
    const { content, fileFormat, contentOffset, contentSizeBytes } = cursor
    const key = contentFileKey({ content, fileFormat, filePath: cursor.filePath(), contentOffset, contentSizeBytes })
    const taken = sought.take(key)
    if (taken === 'other') return
    // Whoever removes a delete file has made all of its listings needless; the rows of a data file count as often.
    if (taken === 'again' && content === 'data')
      throw new MoraineError('corrupt', `${key} is listed more than once, and only once would be removed`)
    found.add(cursor.ordinal)
  })
  return found
}

async function mergeSmall(
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  output: ManifestOutput,
  { io, signal }: StageContext,
): Promise<readonly ManifestFile[]> {
  const merged = new Set(manifestsToMerge(manifests, manifestPolicy(metadata)).flat())
  for (const manifest of merged) {
    await visitLiveEntries(await readManifest(io, metadata, manifest, signal), (cursor) => output.copyOver(cursor))
  }
  return manifests.filter((manifest) => !merged.has(manifest))
}

function newSnapshot(
  metadata: TableMetadata,
  change: SnapshotChange,
  made: { snapshotId: SnapshotId; location: string; addedRows: bigint; now: Snapshot['timestampMs'] },
): Snapshot {
  const parent = currentSnapshot(metadata)
  const added = change.added.map(({ file }) => file)
  return {
    snapshotId: made.snapshotId,
    ...(parent !== undefined && { parentSnapshotId: parent.snapshotId }),
    sequenceNumber: metadata.formatVersion === 1 ? 0 : metadata.lastSequenceNumber + 1,
    // Clocks of writers differ; the log of a table must not run backwards.
    timestampMs: Math.max(made.now, metadata.lastUpdatedMs) as EpochMs,
    manifests: { kind: 'list', location: made.location },
    operation: change.operation,
    summary: { ...snapshotSummary({ added, removed: change.removed, parent: parent?.summary }), ...change.summary },
    schemaId: metadata.currentSchemaId,
    ...(metadata.formatVersion >= 3 && { firstRowId: metadata.nextRowId, addedRows: made.addedRows }),
  }
}

function commitOf(metadata: TableMetadata, snapshot: Snapshot): Pick<StagedCommit, 'requirements' | 'updates'> {
  const onMain: TableRequirement = {
    type: 'assert-ref-snapshot-id',
    ref: 'main',
    ...(metadata.currentSnapshotId !== undefined && { snapshotId: metadata.currentSnapshotId }),
  }
  const sameTable: readonly TableRequirement[] =
    metadata.tableUuid === undefined ? [] : [{ type: 'assert-table-uuid', uuid: metadata.tableUuid }]
  // Retention settings of the branch, if it has any, stay.
  const ref = { ...findRef(metadata, 'main'), type: 'branch', snapshotId: snapshot.snapshotId } as const
  return {
    requirements: [...sameTable, onMain],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', refName: 'main', ref },
    ],
  }
}

function unusedSnapshotId(metadata: TableMetadata, random: Random): SnapshotId {
  const taken = new Set(metadata.snapshots.map((snapshot) => snapshot.snapshotId))
  for (;;) {
    const id = randomInt63(random) as SnapshotId
    if (!taken.has(id)) return id
  }
}
