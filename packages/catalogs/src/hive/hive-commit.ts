import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { asError, MoraineError } from '@moraine/stdx/error'
import { isUnsent } from '@moraine/thrift/connection'
import type { LoadedTable } from '../catalog.ts'
import { noSuchNamespace } from '../catalog-error.ts'
import { type AddedOrigin, lookForAdded } from '../metadata-file/look-for-added.ts'
import type { PointedTables } from '../metadata-file/pointed-tables.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { formatIdentifier } from '../table-identifier.ts'
import { hiveFailure, isAnswered } from './hive-failure.ts'
import { DO_NOT_UPDATE_STATS, type NextState } from './hive-parameters.ts'
import { findHiveTable, type HiveStore, icebergPointer } from './hive-store.ts'
import { newHiveTable } from './hive-table.ts'
import { alreadyExists, noSuchObject } from './metastore-thrift.ts'
import { swapMetadata } from './swap-metadata.ts'

/** The tables as commits see them. */
export function hivePointed(store: HiveStore): PointedTables {
  return {
    judge: refuseEncrypted,
    findPointer: async (identifier, signal) =>
      icebergPointer(await findHiveTable(store, identifier, signal), identifier),
    swap: (base, { metadata, metadataLocation }, signal) =>
      swapMetadata(store, base, stateOf(store, metadata, metadataLocation), signal),
    add: (table, origin) => addHiveTable(store, table, origin),
  }
}

/**
 * Tells the metastore of a table whose metadata file is there; `lost` if the name is taken.
 *
 * @throws {MoraineError} if the metastore refuses, or is not reached; there is no new table then
 */
async function addHiveTable(store: HiveStore, table: LoadedTable, origin: AddedOrigin): Promise<SwapOutcome> {
  const { identifier, metadata, metadataLocation } = table
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
    // It may be the echo of our own call, which a metastore makes again by itself; of a table that is new, files hang on that.
    if (origin === 'registered' && alreadyExists.match(error) !== undefined) return 'lost'
    const cause = asError(hiveFailure(`table ${formatIdentifier(identifier)}`, error))
    const seen = await lookForNew(store, table, origin).catch((): HiveSight => 'untold')
    if (seen === 'free' && isAnswered(error)) throw cause
    return seen === 'won' || seen === 'lost' ? seen : { unknown: cause }
  }
}

type HiveSight = 'won' | 'lost' | 'free' | 'untold'

/** Of a name that was free, whether the table has it now. */
async function lookForNew(store: HiveStore, table: LoadedTable, origin: AddedOrigin): Promise<HiveSight> {
  const found = await findHiveTable(store, table.identifier)
  if (found === undefined) return 'free'
  const pointer = icebergPointer(found, table.identifier)
  return pointer === undefined ? 'lost' : lookForAdded(store, { ...table, origin }, pointer)
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
