import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import { isUnsent } from '@moraine/thrift/connection'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { removeQuietly, writeMetadata } from '../metadata-file/metadata-files.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { hiveFailure, isAnswered } from './hive-failure.ts'
import { DO_NOT_UPDATE_STATS, type NextState } from './hive-parameters.ts'
import { findHiveTable, type HiveStore, icebergPointer, loadHiveTable } from './hive-store.ts'
import { newHiveTable } from './hive-table.ts'
import { alreadyExists, noSuchObject } from './metastore-thrift.ts'
import { asError, type SwapOutcome, swapMetadata } from './swap-metadata.ts'

/**
 * Writes the new metadata file, then has the metastore point to it. A file whose pointer was refused is removed; one
 * whose fate is unknown stays. `identifier` is as the metastore has it.
 */
export async function commitHiveTable(
  store: HiveStore,
  identifier: TableIdentifier,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const base = await loadHiveTable(store, identifier, signal)
  const applied = applyCommit(base, commit, { now: store.clock.now(), newTableUuid: uuidV4(store.random) })
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  const { metadata } = applied
  if (base === undefined) return commitNewHiveTable(store, identifier, metadata, signal)
  if (metadata === base.metadata) return { kind: 'committed', table: base }

  refuseEncrypted(base)
  const metadataLocation = await writeMetadata(store, metadata, base.metadataLocation, signal)
  let outcome: SwapOutcome
  try {
    outcome = await swapMetadata(store, base, stateOf(store, metadata, metadataLocation), signal)
  } catch (error) {
    await removeQuietly(store, [metadataLocation])
    throw error
  }
  if (outcome === 'lost') {
    await removeQuietly(store, [metadataLocation])
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.metadata, metadata))
  return { kind: 'committed', table: { identifier, metadata, metadataLocation } }
}

/** As {@link commitHiveTable}, for a table that must not exist yet. */
export async function commitNewHiveTable(
  store: HiveStore,
  identifier: TableIdentifier,
  metadata: TableMetadata,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const metadataLocation = await writeMetadata(store, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  let outcome: SwapOutcome
  try {
    outcome = await addHiveTable(store, table)
  } catch (error) {
    await removeQuietly(store, [metadataLocation])
    throw error
  }
  if (outcome === 'won') return { kind: 'committed', table }
  if (outcome !== 'lost') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, [metadataLocation])
  return { kind: 'conflict', reason: `Table already exists: ${formatIdentifier(identifier)}` }
}

/**
 * Tells the metastore of a table whose metadata file is there; `lost` if the name is taken.
 *
 * @throws {MoraineError} if the metastore refuses, or is not reached; there is no new table then
 */
export async function addHiveTable(
  store: HiveStore,
  { identifier, metadata, metadataLocation }: LoadedTable,
): Promise<SwapOutcome> {
  const about = { user: store.settings.user, now: store.clock.now() }
  const request = {
    tbl: newHiveTable(identifier, stateOf(store, metadata, metadataLocation), about),
    environment_context: { properties: new Map([[DO_NOT_UPDATE_STATS, 'true']]) },
  }
  try {
    await store.metastore.once((client, options) => client.create_table_with_environment_context(request, options))
    return 'won'
  } catch (error) {
    if (isUnsent(error)) throw error
    if (noSuchObject.match(error) !== undefined) throw noSuchNamespace(identifier.namespace)
    const found = await findHiveTable(store, identifier).catch(asError)
    const cause = asError(hiveFailure(`table ${formatIdentifier(identifier)}`, error))
    if (found instanceof Error) return { unknown: cause }
    if (found === undefined) {
      if (isAnswered(error)) throw cause
      return { unknown: cause }
    }
    const isOurs = icebergPointer(found, identifier) === metadataLocation && alreadyExists.match(error) === undefined
    return isOurs ? 'won' : 'lost'
  }
}

function stateOf({ settings }: HiveStore, metadata: TableMetadata, metadataLocation: string): NextState {
  const { properties } = metadata
  const text = Object.hasOwn(properties, HIVE_ENABLED) ? properties[HIVE_ENABLED] : undefined
  return {
    metadata,
    metadataLocation,
    isHiveEnabled: text === undefined ? settings.isHiveEnabled : text.trim().toLowerCase() === 'true',
    parameterLengthMax: settings.parameterLengthMax,
  }
}

const HIVE_ENABLED = 'engine.hive.enabled'

/** The metastore holds a hash of the metadata of such a table, by which readers know that nobody tampered with it. */
function refuseEncrypted({ identifier, metadata }: LoadedTable): void {
  if (!Object.hasOwn(metadata.properties, 'encryption.key-id')) return
  const text = `table ${formatIdentifier(identifier)} is encrypted, which this version cannot commit to in a Hive catalog`
  throw new MoraineError('unsupported', text)
}
