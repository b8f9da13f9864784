import type { CatalogTables, LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { StagedCommit } from '@moraine/iceberg/commit/staged-commit'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'

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
  try {
    // Not stopped by the signal: it takes one request to leave nothing behind.
    table = await tables.loadTable(identifier)
  } catch (cause) {
    return { kind: 'unknown', cause: asError(failure ?? cause) }
  }
  const { snapshotId } = staged.snapshot
  if (table.metadata.snapshots.some((each) => each.snapshotId === snapshotId)) return { kind: 'committed', table }
  await io.remove(staged.writtenFiles)
  if ('error' in refusal) throw refusal.error
  return { kind: 'refused', reason: refusal.reason }
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
