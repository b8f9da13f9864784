import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { mayHoldLiveFiles, readManifest, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { visitLiveEntries } from '@moraine/iceberg/scan/visit-live-entries'
import { historySince } from '@moraine/maintenance/commit/history-since'
import { fileNameOf } from '@moraine/maintenance/plan/file-name'
import { isNameOfAttempt } from '@moraine/maintenance/plan/output-names'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import type { OutputCommit } from '@moraine/management/records/discard'
import type { DiscardReport } from '@moraine/management/table-work/table-maintenance'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { ReachedTable } from './reached-table.ts'

/**
 * Removes what an attempt wrote, found by its output names, except files that some snapshot of the table refers to: a
 * commit whose answer was lost may have made them part of it. Only the table itself can tell; what no commit ever had goes
 * without it, too. Nothing is removed where a commit may still be made: then the files that the table does not refer to are
 * `kept`.
 *
 * @throws {MoraineError} `not-found` if the catalog does not have the table, `conflict` if it has another of that name,
 *   or does not show what its history may refer to, and nothing is removed: a table that was renamed, or that the catalog
 *   has lost for a while, may refer to the files
 */
export async function discardAttempt(
  attemptInput: string,
  commit: OutputCommit,
  { store, identifier, io }: Pick<ReachedTable, 'store' | 'identifier' | 'io'>,
  signal: AbortSignal,
): Promise<DiscardReport> {
  const task = parseRewriteTask(attemptInput)
  const { directory, filePrefix } = task.output
  const written = await outputsOf(directory, filePrefix, io, signal)
  if (written.size === 0) return { kind: 'done' }
  try {
    await leaveCommitted(written, task, { store, identifier, io }, signal)
  } catch (error) {
    if (commit !== 'never-tried' || !(isKind(error, 'not-found') || isKind(error, 'conflict'))) throw error
  }
  if (commit === 'unknown' && written.size > 0) {
    const files = written.size === 1 ? '1 file' : `${written.size} files`
    return {
      kind: 'kept',
      reason: `${files} below ${directory} whose names have ${filePrefix} are not in the table; they are kept, since a commit of them may have been made`,
    }
  }
  await io.remove([...written.values()], signal)
  return { kind: 'done' }
}

/** Takes out of `written` what the table refers to. */
async function leaveCommitted(
  written: Map<string, string>,
  { table, output, baseSequenceNumber }: ReturnType<typeof parseRewriteTask>,
  { store, identifier, io }: Pick<ReachedTable, 'store' | 'identifier' | 'io'>,
  signal: AbortSignal,
): Promise<void> {
  const loaded = await store.loadTable(identifier, signal)
  const { metadata } = loaded
  if (table.uuid !== undefined && table.uuid !== metadata.tableUuid) {
    throw new MoraineError(
      'conflict',
      `${table.name} is another table now (${metadata.tableUuid}, not ${table.uuid}); files below ${output.directory} whose names have ${output.filePrefix} are left where they are`,
    )
  }
  const snapshots = await committedSince(baseSequenceNumber, loaded, table.name, io, signal)
  await leaveReferenced(written, { metadata, snapshots }, baseSequenceNumber, io, signal)
}

/**
 * Where files may be deleted nothing refers to them but the snapshots that the table shows. With `gc.enabled` false there is
 * more: Nessie shows the current one and keeps the others itself.
 */
async function committedSince(
  baseSequenceNumber: number,
  loaded: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  name: string,
  io: FileIO,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const { properties, snapshots } = loaded.metadata
  if (properties['gc.enabled']?.trim().toLowerCase() !== 'false') return snapshots
  const history = await historySince({ sequenceNumber: baseSequenceNumber }, loaded, io, signal)
  if (history.isComplete) return history.snapshots
  throw new MoraineError(
    'conflict',
    `${name} has gc.enabled=false and does not show all that was committed since sequence number ${baseSequenceNumber}: outputs of an attempt that its history may refer to are left where they are`,
  )
}

/** Locations by file name: names are unique, while a table may write the same location in several ways. */
async function outputsOf(
  directory: string,
  filePrefix: string,
  io: FileIO,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { location } of io.list(directory, signal)) {
    const name = fileNameOf(location)
    if (isNameOfAttempt(name, filePrefix)) found.set(name, location)
  }
  return found
}

// Takes out of `written` what snapshots since the attempt's base refer to; older ones cannot know it.
async function leaveReferenced(
  written: Map<string, string>,
  { metadata, snapshots }: { readonly metadata: TableMetadata; readonly snapshots: readonly Snapshot[] },
  baseSequenceNumber: number,
  io: FileIO,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>()
  for (const snapshot of snapshots) {
    if (snapshot.sequenceNumber < baseSequenceNumber) continue
    for (const manifest of await readManifests(io, metadata, snapshot, signal)) {
      if (seen.has(manifest.manifestPath) || !mayHoldLiveFiles(manifest)) continue
      seen.add(manifest.manifestPath)
      // In a table of format version 1 all sequence numbers are 0.
      if (manifest.sequenceNumber < baseSequenceNumber) continue
      await leaveListed(written, manifest, metadata, io, signal)
    }
  }
}

async function leaveListed(
  written: Map<string, string>,
  file: ManifestFile,
  metadata: TableMetadata,
  io: FileIO,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await readManifest(io, metadata, file, signal)
  await visitLiveEntries(manifest, (cursor) => {
    written.delete(fileNameOf(cursor.filePath()))
  })
}
