import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { noSuchTable, tableExists } from '../catalog-error.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { applyOrRebase, orRemoveList } from './apply-or-rebase.ts'
import { type MetadataFiles, removeQuietly, writeMetadata } from './metadata-files.ts'
import { obsoleteMetadataFiles } from './obsolete-metadata.ts'
import type { SwapOutcome } from './swap-outcome.ts'

type CommitFiles = MetadataFiles & { readonly clock: Pick<Clock, 'now'> }

/** A table of a catalog that others keep, which holds of it little more than where its metadata file is. */
export type PointedTable = {
  /** As the catalog has it. */
  readonly identifier: TableIdentifier
  load(signal?: AbortSignal): Promise<LoadedTable | undefined>
  /** Makes the file of `next` the current one if that of `base` still is. What it throws says that nothing was changed. */
  swap(base: LoadedTable, next: LoadedTable, signal?: AbortSignal): Promise<SwapOutcome>
  /** `lost` if the name is taken. What it throws says that there is no new table. */
  add(table: LoadedTable): Promise<SwapOutcome>
  /** Throws for a table that must not be committed to. */
  readonly judge?: (base: LoadedTable) => void
}

/**
 * Writes the new metadata file, then has the catalog point to it. A file whose pointer was refused is removed; one whose
 * fate is unknown stays. An append that was overtaken is rebased, where the table asks for that.
 */
export async function commitByPointer(
  store: CommitFiles,
  table: PointedTable,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const base = await table.load(signal)
  const applied = await applyOrRebase(store, base, commit, signal)
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(table.identifier)
  const { metadata, manifestList } = applied
  if (base === undefined) return commitNewByPointer(store, table, metadata, signal)
  if (metadata === base.metadata) return { kind: 'committed', table: base }
  return orRemoveList(store, manifestList, () => swapMetadata(store, table, { base, metadata }, signal))
}

async function swapMetadata(
  store: CommitFiles,
  table: PointedTable,
  { base, metadata }: { readonly base: LoadedTable; readonly metadata: TableMetadata },
  signal: AbortSignal | undefined,
): Promise<CommitOutcome> {
  const { identifier } = table
  table.judge?.(base)
  const metadataLocation = await writeMetadata(store, metadata, base.metadataLocation, signal)
  const next = { identifier, metadata, metadataLocation }
  const outcome = await orRemove(store, metadataLocation, () => table.swap(base, next, signal))
  if (outcome === 'lost') {
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.metadata, metadata))
  return { kind: 'committed', table: next }
}

/** As {@link commitByPointer}, for a table that must not exist yet. */
export async function commitNewByPointer(
  store: MetadataFiles,
  { identifier, add }: Pick<PointedTable, 'identifier' | 'add'>,
  metadata: TableMetadata,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const metadataLocation = await writeMetadata(store, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  const outcome = await orRemove(store, metadataLocation, () => add(table))
  if (outcome === 'won') return { kind: 'committed', table }
  if (outcome !== 'lost') return { kind: 'unknown', cause: outcome.unknown }
  return { kind: 'conflict', reason: tableExists(identifier).message }
}

/** What becomes of a metadata file that was written for `swap`: it is removed if no table can come to point to it. */
async function orRemove(
  store: MetadataFiles,
  location: string,
  swap: () => Promise<SwapOutcome>,
): Promise<SwapOutcome> {
  let outcome: SwapOutcome | undefined
  try {
    outcome = await swap()
    return outcome
  } finally {
    if (outcome === undefined || outcome === 'lost') await removeQuietly(store, [location])
  }
}
