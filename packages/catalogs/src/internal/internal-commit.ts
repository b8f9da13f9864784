import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { uuidV4 } from '@moraine/stdx/random'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { nameTaken, noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { removeQuietly, writeMetadata } from '../metadata-file/metadata-files.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import type { CommitSettlement } from './commit-settlement.ts'
import { findTaken, type InternalStore, loadPointed } from './internal-store.ts'
import { checkMove } from './location-rules.ts'
import { addPointer, swapPointer } from './swap-pointer.ts'
import { TableDraft } from './table-draft.ts'
import type { InternalPointer } from './table-pointers.ts'

/**
 * Makes commits to one table with a single new metadata file, each on top of those before it: writes the file, then moves
 * the pointer to it. Each ends by itself: one that is refused does not disturb the others, and an append that was
 * overtaken is rebased. A file whose pointer was refused is removed; one whose fate is unknown stays.
 */
export async function commitTogether(
  store: InternalStore,
  identifier: TableIdentifier,
  commits: readonly TableCommit[],
  signal?: AbortSignal,
): Promise<readonly CommitSettlement[]> {
  const base = await loadPointed(store, identifier, signal)
  if (base === undefined) return createTogether(store, identifier, commits, signal)
  const draft = new TableDraft(store, base.table, signal)
  const settlements: (CommitSettlement | 'made')[] = []
  for (const commit of commits) settlements.push(await draft.make(commit))
  const outcome = await finishDraft(store, base, draft, signal)
  return settlements.map((each) => (each === 'made' ? { kind: 'settled', outcome } : each))
}

/** Of a table that is not there: the first commit that may create it does, and the others are made on top of it. */
async function createTogether(
  store: InternalStore,
  identifier: TableIdentifier,
  [commit, ...others]: readonly TableCommit[],
  signal: AbortSignal | undefined,
): Promise<readonly CommitSettlement[]> {
  if (commit === undefined) return []
  const first = await settled(async () => {
    const applied = applyCommit(undefined, commit, { now: store.clock.now(), newTableUuid: uuidV4(store.random) })
    if (applied.kind === 'conflict') return applied
    if (applied.kind === 'missing') throw noSuchTable(identifier)
    await checkMove(store.locations, { catalog: store.name, identifier, after: applied.metadata })
    return commitNewTable(store, identifier, applied.metadata, signal)
  })
  if (others.length === 0) return [first]
  return [first, ...(await commitTogether(store, identifier, others, signal))]
}

async function settled(run: () => Promise<CommitOutcome>): Promise<CommitSettlement> {
  try {
    return { kind: 'settled', outcome: await run() }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

async function finishDraft(
  store: InternalStore,
  base: { readonly pointer: InternalPointer; readonly table: LoadedTable },
  { metadata, manifestLists }: TableDraft,
  signal: AbortSignal | undefined,
): Promise<CommitOutcome> {
  const { identifier } = base.table
  if (metadata === base.table.metadata) return { kind: 'committed', table: base.table }
  let metadataLocation: string
  try {
    metadataLocation = await writeMetadata(store, metadata, base.table.metadataLocation, signal)
  } catch (error) {
    await removeQuietly(store, manifestLists)
    throw error
  }
  const outcome = await swapPointer(store, base.pointer, metadataLocation, signal)
  if (outcome === 'lost') {
    await removeQuietly(store, [metadataLocation, ...manifestLists])
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.table.metadata, metadata))
  return { kind: 'committed', table: { identifier, metadata, metadataLocation } }
}

/** As {@link commitTogether}, for a table that must not exist yet. A lost race is a conflict. */
export async function commitNewTable(
  store: InternalStore,
  identifier: TableIdentifier,
  metadata: TableMetadata,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const { namespace, name } = identifier
  if ((await store.pointers.findNamespace(store.name, namespace)) === undefined) throw noSuchNamespace(namespace)
  const metadataLocation = await writeMetadata(store, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  const outcome = await addPointer(store, { kind: 'table', catalog: store.name, namespace, name, metadataLocation })
  if (outcome === 'won') return { kind: 'committed', table }
  if (typeof outcome === 'object') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, [metadataLocation])
  if (outcome === 'no-namespace') throw noSuchNamespace(namespace)
  const taken = nameTaken('table', (await findTaken(store, identifier)) ?? 'table', identifier)
  return { kind: 'conflict', reason: taken.message }
}
