import { asError, MoraineError } from '@moraine/stdx/error'
import { isUnsent } from '@moraine/thrift/connection'
import type { ThriftStruct } from '@moraine/thrift/thrift-tree'
import type { CatalogTableOperations, LoadedTable } from '../catalog.ts'
import { changeUncertain, noSuchNamespace, noSuchTable, tableExists } from '../catalog-error.ts'
import { loadByPointer } from '../metadata-file/pointed-tables.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { tablesByPointer } from '../metadata-file/tables-by-pointer.ts'
import { cutPage, PAGE_SIZE } from '../page.ts'
import { formatIdentifier, type Namespace, type TableIdentifier } from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { hivePointed } from './hive-commit.ts'
import { hiveFailure, isAnswered, isModifiedMeanwhile, isUnknownMethod } from './hive-failure.ts'
import type { HeldLock } from './hive-lock.ts'
import { checkNewTable, hiveDatabase, hiveIdentifier } from './hive-names.ts'
import { findDatabase, findHiveTable, type HiveStore, icebergPointer } from './hive-store.ts'
import { DatabaseField, textField } from './hive-struct.ts'
import { type HiveTable, isExternal, isIcebergTable, renamedTable, tableNameOf } from './hive-table.ts'
import { noSuchObject } from './metastore-thrift.ts'
import { alterHiveTable, underLock } from './swap-metadata.ts'

/** The Iceberg tables of a metastore; it may hold others, which are not seen here but whose names are taken. */
export function hiveTables(store: HiveStore): CatalogTableOperations {
  const pointed = hivePointed(store)
  return {
    ...tablesByPointer(store, {
      ...pointed,
      identify: hiveIdentifier,
      missing: noSuchTable,
      databaseForNew: (asked, signal) => databaseForNew(store, asked, signal),
      locationIn: (database, asked, signal) => locationIn(store, database, asked, signal),
    }),

    listTables: (namespace, page, signal) => listTables(store, namespace, page, signal),

    async dropTable(asked, signal) {
      const identifier = hiveIdentifier(asked)
      const found = await findHiveTable(store, identifier, signal)
      if (found === undefined || !isIcebergTable(found)) throw noSuchTable(identifier)
      const request = { dbname: identifier.namespace[0] ?? '', name: identifier.name, deleteData: false }
      try {
        await store.metastore.once((client, options) => client.drop_table(request, options), { signal })
      } catch (error) {
        if (noSuchObject.match(error) !== undefined) throw noSuchTable(identifier)
        const failure = hiveFailure(`to drop table ${formatIdentifier(identifier)}`, error)
        if (isUnsent(error) || isAnswered(error)) throw failure
        throw changeUncertain('table', identifier, 'dropped', asError(failure))
      }
    },

    async renameTable(asked, to, signal) {
      const from = hiveIdentifier(asked)
      const base = await loadByPointer(store, pointed, from, signal)
      if (base === undefined) throw noSuchTable(from)
      await databaseForNew(store, to, signal)
      const outcome = await underLock(store, base, (lock) => rename(store, base, to, lock, signal), signal)
      if (outcome === 'lost') {
        throw new MoraineError('conflict', `a commit to ${formatIdentifier(from)} came in between; rename it again`)
      }
      if (outcome !== 'won') throw changeUncertain('table', from, 'renamed', outcome.unknown)
    },
  }
}

/** Databases hold tables of all kinds, so all are looked at, some at a time, until a page is full. */
async function listTables(
  store: HiveStore,
  namespace: Namespace,
  page: string | undefined,
  signal: AbortSignal | undefined,
): ReturnType<CatalogTableOperations['listTables']> {
  const database = hiveDatabase(namespace)
  if ((await findDatabase(store, database, signal)) === undefined) throw noSuchNamespace(namespace)
  const request = { db_name: database }
  const all = await store.metastore.repeatable((client, options) => client.get_all_tables(request, options), { signal })
  const names = [...(all ?? [])].sort().filter((name) => page === undefined || name > page)
  const items: TableIdentifier[] = []
  for (let at = 0; at < names.length; at += LOOKED_AT_ONCE) {
    const some = await findHiveTables(store, database, names.slice(at, at + LOOKED_AT_ONCE), signal)
    const found = some.filter(isIcebergTable).map(tableNameOf).sort()
    items.push(...found.map((name) => ({ namespace: [database], name })))
    if (items.length > PAGE_SIZE) break
  }
  return cutPage(items, ({ name }) => name)
}

/** The parameters of a table with a wide schema take 100 KB and more. */
const LOOKED_AT_ONCE = 100

async function findHiveTables(
  { metastore }: HiveStore,
  database: string,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly HiveTable[]> {
  try {
    return await metastore.repeatable(
      async (client, options) => {
        try {
          const req = { dbName: database, tblNames: names }
          return (await client.get_table_objects_by_name_req({ req }, options))?.tables ?? []
        } catch (error) {
          if (!isUnknownMethod(error)) throw error
          return (await client.get_table_objects_by_name({ dbname: database, tbl_names: names }, options)) ?? []
        }
      },
      { signal },
    )
  } catch (error) {
    throw hiveFailure(`to show tables of ${database}`, error)
  }
}

/** The database that a new table goes to, if the name is free. */
async function databaseForNew(
  store: HiveStore,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<ThriftStruct> {
  checkNewTable(identifier)
  const database = await findDatabase(store, hiveDatabase(identifier.namespace), signal)
  if (database === undefined) throw noSuchNamespace(identifier.namespace)
  if ((await findHiveTable(store, hiveIdentifier(identifier), signal)) !== undefined) throw tableExists(identifier)
  return database
}

function locationIn(
  { io, random, settings }: HiveStore,
  database: ThriftStruct,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<string> {
  const location = textField(database, DatabaseField.locationUri)
  const places = { warehouse: settings.warehouse ?? '', io, random }
  return newTableLocation(places, identifier, location === undefined ? {} : { location }, signal)
}

/** With the table goes its pointer, so a commit must not come in between. */
function rename(
  store: HiveStore,
  base: LoadedTable,
  to: TableIdentifier,
  lock: HeldLock | undefined,
  signal: AbortSignal | undefined,
): Promise<SwapOutcome> {
  const change = (table: HiveTable) => {
    if (isExternal(table)) return renamedTable(table, to)
    const text = `${formatIdentifier(base.identifier)} is a managed table of Hive, which would move its files; make it external`
    throw new MoraineError('unsupported', text)
  }
  const look = async (error: unknown): Promise<SwapOutcome> => {
    const cause = asError(hiveFailure(`to rename ${formatIdentifier(base.identifier)}`, error))
    const moved = await findHiveTable(store, to).catch(() => undefined)
    if (icebergPointer(moved, to) === base.metadataLocation) return 'won'
    if (moved !== undefined) throw tableExists(to)
    if (isModifiedMeanwhile(error)) return 'lost'
    if (isAnswered(error)) throw cause
    return { unknown: cause }
  }
  return alterHiveTable(store, base, { change, look, lock }, signal)
}
