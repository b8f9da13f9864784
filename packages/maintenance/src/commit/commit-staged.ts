import type { CatalogTables, LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { StagedCommit } from '@moraine/iceberg/commit/staged-commit'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readManifests } from '@moraine/iceberg/scan/read-manifests'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { historySince } from './history-since.ts'

export type StagedOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  /** The staged files are gone. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It may have been committed, or may yet be; the staged files are there. */
  | { readonly kind: 'unknown'; readonly cause: Error }

type StagedContext = { readonly tables: CatalogTables; readonly io: FileIO; readonly signal?: AbortSignal }

/**
 * Commits a staged snapshot. A refusal may be the echo of our own commit, if the request was sent twice on the way: so the
 * staged files are removed only after the table itself has been asked.
 *
 * @throws what the catalog throws, if the table shows that nothing was committed; the staged files are gone
 */
export async function commitStaged(
  identifier: TableIdentifier,
  staged: StagedCommit,
  { tables, io, signal }: StagedContext,
): Promise<StagedOutcome> {
  const refusal = await tables.commitTable(identifier, staged, signal).catch((error: unknown) => ({ error }))
  if (!('error' in refusal) && refusal.kind !== 'conflict') return refusal
  const failure = 'error' in refusal ? refusal.error : undefined
  if (failure !== undefined && mayBeUnderWay(failure)) return { kind: 'unknown', cause: asError(failure) }
  let table: LoadedTable
  let isThere: boolean | undefined
  try {
    // Not stopped by the signal: it takes few requests to leave nothing behind.
    table = await tables.loadTable(identifier)
    isThere = await isCommitted(staged, table, io)
  } catch (cause) {
    return { kind: 'unknown', cause: asError(failure ?? cause) }
  }
  if (isThere === undefined)
    return { kind: 'unknown', cause: asError(failure ?? 'the table does not show its history') }
  if (isThere) return { kind: 'committed', table }
  await io.remove(staged.writtenFiles)
  if ('error' in refusal) throw refusal.error
  return { kind: 'refused', reason: refusal.reason }
}

/** `undefined` if the table does not tell: it shows neither the snapshot nor all that was committed since its parent. */
async function isCommitted(
  { snapshot, writtenFiles }: StagedCommit,
  table: LoadedTable,
  io: FileIO,
): Promise<boolean | undefined> {
  const { snapshotId, parentSnapshotId, sequenceNumber } = snapshot
  const isOurs = (each: Snapshot) => each.snapshotId === snapshotId
  if (table.metadata.snapshots.some(isOurs)) return true
  const parent = parentSnapshotId === undefined ? {} : { snapshotId: parentSnapshotId }
  const history = await historySince({ ...parent, sequenceNumber: sequenceNumber - 1 }, table, io)
  if (history.snapshots.some(isOurs)) return true
  if (history.isComplete) return false
  const current = currentSnapshot(table.metadata)
  const manifests = current === undefined ? [] : await readManifests(io, table.metadata, current)
  return manifests.some(({ manifestPath }) => writtenFiles.includes(manifestPath)) || undefined
}

/** A request that nobody waits for any more may still be carried out. */
function mayBeUnderWay(error: unknown): boolean {
  return !(error instanceof Error && DEFINITE.some((kind) => isKind(error, kind)))
}

const DEFINITE = [
  'invalid-input',
  'not-found',
  'already-exists',
  'permission',
  'corrupt',
  'unsupported',
  'conflict',
  'exhausted',
] as const

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
