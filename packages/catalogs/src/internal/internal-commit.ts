import { encodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { uuidV4 } from '@moraine/stdx/random'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { nameTaken, noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { metadataText } from '../metadata-file/metadata-text.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { findTaken, type InternalStore, loadPointed, removeQuietly } from './internal-store.ts'
import { newMetadataLocation } from './metadata-file-name.ts'
import { addPointer, swapPointer } from './swap-pointer.ts'

/**
 * Writes the new metadata file, then moves the pointer to it. A file whose pointer was refused is removed; one whose
 * fate is unknown stays.
 */
export async function commitInternalTable(
  store: InternalStore,
  identifier: TableIdentifier,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  checkIdentifier(identifier)
  const base = await loadPointed(store, identifier, signal)
  const applied = applyCommit(base?.table, commit, { now: store.clock.now(), newTableUuid: uuidV4(store.random) })
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  if (base === undefined) return commitNewTable(store, identifier, applied.metadata, signal)
  if (applied.metadata === base.table.metadata) return { kind: 'committed', table: base.table }

  const metadataLocation = await writeMetadata(store, applied.metadata, base.table.metadataLocation, signal)
  const outcome = await swapPointer(store, base.pointer, metadataLocation, signal)
  if (outcome === 'lost') {
    await removeQuietly(store, [metadataLocation])
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.table.metadata, applied.metadata))
  return { kind: 'committed', table: { identifier, metadata: applied.metadata, metadataLocation } }
}

/** As {@link commitInternalTable}, for a table that must not exist yet. A lost race is a conflict. */
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

/** Writes the next metadata file; nothing points to it yet. */
export async function writeMetadata(
  store: InternalStore,
  metadata: TableMetadata,
  previous: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const location = newMetadataLocation(metadata, previous, store.random)
  const bytes = encodeMetadataFile(metadataText(metadata), location)
  // The name is unique, so nothing can be replaced, and a write that is sent twice does no harm.
  await store.io.write(location, bytes, {}, signal)
  store.cache.add(location, metadata, bytes.byteLength)
  return location
}
