import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { ThriftStruct } from '@moraine/thrift/thrift-tree'
import type { LoadedTable } from '../catalog.ts'
import type { MetadataCache } from '../internal/metadata-cache.ts'
import { isUniqueMetadataLocation } from '../internal/metadata-file-name.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { hiveFailure, isUnknownMethod } from './hive-failure.ts'
import type { HiveSettings } from './hive-settings.ts'
import { type HiveTable, isIcebergTable, metadataLocationOf } from './hive-table.ts'
import type { Metastore } from './metastore.ts'
import { noSuchObject } from './metastore-thrift.ts'

/** What the parts of a Hive catalog work with. */
export type HiveStore = {
  readonly settings: HiveSettings
  readonly metastore: Metastore
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  readonly cache: MetadataCache
  /** Of this process, for those who look at locks. */
  readonly hostname: string
  /** Told of files and locks that could not be removed after the outcome was settled. */
  readonly onLeftover: (error: unknown, what: readonly string[]) => void
}

/** A table of any kind. `identifier` is as the metastore has it. */
export async function findHiveTable(
  { metastore }: Pick<HiveStore, 'metastore'>,
  { namespace, name }: TableIdentifier,
  signal?: AbortSignal,
): Promise<HiveTable | undefined> {
  const dbName = namespace[0] ?? ''
  try {
    return await metastore.repeatable(
      async (client, options) => {
        try {
          return (await client.get_table_req({ req: { dbName, tblName: name } }, options))?.table
        } catch (error) {
          // Metastores before 3 may not have it; some from 4 on have nothing else.
          if (!isUnknownMethod(error)) throw error
          return client.get_table({ dbname: dbName, tbl_name: name }, options)
        }
      },
      { signal },
    )
  } catch (error) {
    if (noSuchObject.match(error) !== undefined) return undefined
    throw hiveFailure(`to show table ${dbName}.${name}`, error)
  }
}

export async function findDatabase(
  { metastore }: Pick<HiveStore, 'metastore'>,
  name: string,
  signal?: AbortSignal,
): Promise<ThriftStruct | undefined> {
  try {
    return await metastore.repeatable((client, options) => client.get_database({ name }, options), { signal })
  } catch (error) {
    if (noSuchObject.match(error) !== undefined) return undefined
    throw hiveFailure(`to show database ${name}`, error)
  }
}

/** The pointer of an Iceberg table; `undefined` if there is no such table, or a table of another kind. */
export function icebergPointer(table: HiveTable | undefined, identifier: TableIdentifier): string | undefined {
  if (table === undefined || !isIcebergTable(table)) return undefined
  const location = metadataLocationOf(table)
  if (location !== undefined) return location
  const text = `table ${formatIdentifier(identifier)} is an Iceberg table without metadata_location in the metastore`
  throw new MoraineError('corrupt', text)
}

/** The table and its metadata. A metadata file that a newer commit has removed meanwhile is looked for again. */
export async function loadHiveTable(
  store: HiveStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<LoadedTable | undefined> {
  let missing: { readonly location: string; readonly error: MoraineError } | undefined
  for (;;) {
    const metadataLocation = icebergPointer(await findHiveTable(store, identifier, signal), identifier)
    if (metadataLocation === undefined) return undefined
    if (missing?.location === metadataLocation) {
      throw new MoraineError(
        'corrupt',
        `the current metadata file of table ${formatIdentifier(identifier)} is gone: ${metadataLocation}; restore the file, or drop the table and register an older one`,
        { cause: missing.error },
      )
    }
    try {
      return { identifier, metadata: await readPointedMetadata(store, metadataLocation, signal), metadataLocation }
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      missing = { location: metadataLocation, error }
    }
  }
}

export async function readPointedMetadata(
  { cache, io }: Pick<HiveStore, 'cache' | 'io'>,
  location: string,
  signal?: AbortSignal,
): Promise<TableMetadata> {
  const cached = cache.find(location)
  if (cached !== undefined) return cached
  const bytes = await io.read(location, signal)
  const metadata = parseTableMetadata(bytes, location)
  if (isUniqueMetadataLocation(location)) cache.add(location, metadata, bytes.byteLength)
  return metadata
}

/** Removes files that nobody needs any more; a failure does not change what has been decided. */
export async function removeFiles(store: HiveStore, locations: readonly string[]): Promise<void> {
  if (locations.length === 0) return
  try {
    await store.io.remove(locations)
  } catch (error) {
    store.onLeftover(error, locations)
  }
}
