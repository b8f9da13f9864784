import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { processIdOf } from '@moraine/maintenance/commit/snapshot-marks'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { ReachedTable } from './iceberg-maintenance.ts'

/**
 * Removes what an attempt wrote, found by its output names, except files that the table refers to: a commit whose answer
 * was lost may have made them part of it.
 */
export async function discardAttempt(
  attemptInput: string,
  { store, identifier, io }: ReachedTable,
  signal: AbortSignal,
): Promise<void> {
  const { output } = parseRewriteTask(attemptInput)
  const written = await outputsOf(output.directory, output.filePrefix, io, signal)
  if (written.length === 0) return
  const referenced = await referencedFiles(output.filePrefix, store, identifier, io, signal)
  await io.remove(
    written.filter((location) => !referenced.has(location)),
    signal,
  )
}

async function outputsOf(
  directory: string,
  filePrefix: string,
  io: FileIO,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { location } of io.list(directory, signal)) {
    const name = location.slice(location.lastIndexOf('/') + 1)
    // A delete file is named after its data file first, then after the attempt.
    if (name.startsWith(`${filePrefix}-`) || name.includes(`-${filePrefix}-`)) found.push(location)
  }
  return found
}

async function referencedFiles(
  filePrefix: string,
  store: ReachedTable['store'],
  identifier: ReachedTable['identifier'],
  io: FileIO,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const metadata = await loadMetadata(store, identifier, signal)
  const paths = new Set<string>()
  if (metadata === undefined) return paths
  const current = currentSnapshot(metadata)
  const isOurs = (processId: string | undefined) => processId !== undefined && filePrefix.includes(processId)
  const ours = metadata.snapshots.filter((snapshot) => isOurs(processIdOf(snapshot)))
  for (const snapshot of new Set([...(current === undefined ? [] : [current]), ...ours])) {
    const { data, deletes } = await readLiveFiles(io, metadata, snapshot, signal)
    for (const entry of [...data, ...deletes]) paths.add(entry.file.filePath)
  }
  return paths
}

async function loadMetadata(
  store: ReachedTable['store'],
  identifier: ReachedTable['identifier'],
  signal: AbortSignal,
): Promise<TableMetadata | undefined> {
  try {
    return (await store.loadTable(identifier, signal)).metadata
  } catch (error) {
    // A dropped table refers to nothing.
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}
