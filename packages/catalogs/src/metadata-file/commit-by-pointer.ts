import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { noSuchTable, tableExists } from '../catalog-error.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { applyOrRebase, orRemoveList } from './apply-or-rebase.ts'
import { type MetadataFiles, removeQuietly, writeMetadata } from './metadata-files.ts'
import { obsoleteMetadataFiles } from './obsolete-metadata.ts'
import { loadByPointer, type PointedTables } from './pointed-tables.ts'
import type { SwapOutcome } from './swap-outcome.ts'

type CommitFiles = MetadataFiles & { readonly clock: Pick<Clock, 'now'> }

/**
 * Writes the new metadata file, then has the catalog point to it. A file whose pointer was refused is removed; one whose
 * fate is unknown stays. An append that was overtaken is rebased, where the table asks for that.
 */
export async function commitByPointer(
  files: CommitFiles,
  tables: PointedTables,
  identifier: TableIdentifier,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const base = await loadByPointer(files, tables, identifier, signal)
  const applied = await applyOrRebase(files, base, commit, signal)
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  const { metadata, manifestList } = applied
  if (base === undefined) return commitNewByPointer(files, tables, { identifier, metadata }, signal)
  if (metadata === base.metadata) return { kind: 'committed', table: base }
  return orRemoveList(files, manifestList, () => swapMetadata(files, tables, { base, metadata }, signal))
}

async function swapMetadata(
  files: CommitFiles,
  tables: PointedTables,
  { base, metadata }: { readonly base: LoadedTable; readonly metadata: TableMetadata },
  signal: AbortSignal | undefined,
): Promise<CommitOutcome> {
  const { identifier } = base
  tables.judge?.(base)
  const metadataLocation = await writeMetadata(files, metadata, base.metadataLocation, signal)
  const next = { identifier, metadata, metadataLocation }
  const outcome = await orRemove(files, metadataLocation, () => tables.swap(base, next, signal))
  if (outcome === 'lost') {
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(files, obsoleteMetadataFiles(base.metadata, metadata))
  return { kind: 'committed', table: next }
}

/** As {@link commitByPointer}, for a table that must not exist yet. */
export async function commitNewByPointer(
  files: MetadataFiles,
  tables: Pick<PointedTables, 'add'>,
  { identifier, metadata }: Pick<LoadedTable, 'identifier' | 'metadata'>,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const metadataLocation = await writeMetadata(files, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  return outcomeOfAddition(table, await orRemove(files, metadataLocation, () => tables.add(table, 'written')))
}

/** How the commit ended that makes a table, by what became of its pointer. */
export function outcomeOfAddition(table: LoadedTable, outcome: SwapOutcome): CommitOutcome {
  if (outcome === 'won') return { kind: 'committed', table }
  if (outcome !== 'lost') return { kind: 'unknown', cause: outcome.unknown }
  return { kind: 'conflict', reason: tableExists(table.identifier).message }
}

/** What becomes of a metadata file that was written for `swap`: it is removed if no table can come to point to it. */
async function orRemove(
  files: MetadataFiles,
  location: string,
  swap: () => Promise<SwapOutcome>,
): Promise<SwapOutcome> {
  let outcome: SwapOutcome | undefined
  try {
    outcome = await swap()
    return outcome
  } finally {
    if (outcome === undefined || outcome === 'lost') await removeQuietly(files, [location])
  }
}
