import type { Database } from '@aws-sdk/client-glue'
import { MoraineError } from '@moraine/stdx/error'
import type { CatalogTableOperations } from '../catalog.ts'
import { noSuchNamespace, noSuchTable, tableExists } from '../catalog-error.ts'
import { tablesByPointer } from '../metadata-file/tables-by-pointer.ts'
import { formatIdentifier, type Namespace, type TableIdentifier } from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { gluePointed } from './glue-commit.ts'
import { dropGlueTable } from './glue-drop.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { checkNewGlueTable, glueDatabase, glueIdentifier } from './glue-names.ts'
import { renameGlueTable } from './glue-rename.ts'
import { findGlueDatabase, findGlueTable, type GlueStore } from './glue-store.ts'
import { findGlueMove, isIcebergInGlue } from './glue-table.ts'

/** The Iceberg tables of Glue; it may hold others, which are not seen here but whose names are taken. */
export function glueTables(store: GlueStore): CatalogTableOperations {
  return {
    ...tablesByPointer(store, {
      ...gluePointed(store),
      identify: glueIdentifier,
      missing: async (identifier, signal) => (await beingMoved(store, identifier, signal)) ?? noSuchTable(identifier),
      databaseForNew: (asked, signal) => databaseForNew(store, asked, signal),
      locationIn: (database, asked, signal) => locationIn(store, database, asked, signal),
    }),

    listTables: (namespace, page, signal) => listTables(store, namespace, page, signal),

    dropTable: (asked, signal) => dropGlueTable(store, glueIdentifier(asked), signal),

    async renameTable(asked, to, signal) {
      checkNewGlueTable(to, store.settings)
      if ((await findGlueDatabase(store, glueDatabase(to.namespace), signal)) === undefined) {
        throw noSuchNamespace(to.namespace)
      }
      await renameGlueTable(store, glueIdentifier(asked), to, signal)
    },
  }
}

/** A page of Glue's, of which tables of other kinds are left out; it may be empty and yet not the last. */
async function listTables(
  { service, settings }: GlueStore,
  namespace: Namespace,
  page: string | undefined,
  signal: AbortSignal | undefined,
): ReturnType<CatalogTableOperations['listTables']> {
  const database = glueDatabase(namespace)
  const request = { CatalogId: settings.catalogId, DatabaseName: database, MaxResults: PAGE_MAX, NextToken: page }
  try {
    const doing = `to list the tables of ${database}`
    const answer = await service.repeatable(doing, (glue, options) => glue.getTables(request, options), signal)
    const names = (answer.TableList ?? []).filter(isIcebergInGlue).map(({ Name }) => Name ?? '')
    return {
      items: names.map((name) => ({ namespace: [database], name })),
      ...(answer.NextToken ? { nextPage: answer.NextToken } : {}),
    }
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) throw noSuchNamespace(namespace)
    throw error
  }
}

/** The most that Glue gives. */
const PAGE_MAX = 100

/** The database that a new table goes to, if the name is free. */
async function databaseForNew(
  store: GlueStore,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<Database> {
  checkNewGlueTable(identifier, store.settings)
  const database = await findGlueDatabase(store, glueDatabase(identifier.namespace), signal)
  if (database === undefined) throw noSuchNamespace(identifier.namespace)
  if (database.FederatedDatabase?.ConnectionType === 'aws:s3tables') {
    const text = `${formatIdentifier(identifier)}: S3 Tables chooses the locations of its tables itself; create it through its REST endpoint`
    throw new MoraineError('unsupported', text)
  }
  if ((await findGlueTable(store, identifier, signal)) !== undefined) throw tableExists(identifier)
  return database
}

/** Where the reference implementation puts it. */
async function locationIn(
  { io, random, settings }: GlueStore,
  { LocationUri }: Database,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<string> {
  const location =
    LocationUri || (settings.warehouse && `${settings.warehouse}/${glueDatabase(identifier.namespace)}.db`)
  if (location === undefined) {
    const text = `table ${formatIdentifier(identifier)} needs a location; set warehouse, or the location of its namespace`
    throw new MoraineError('invalid-input', text)
  }
  return newTableLocation({ warehouse: location, io, random }, identifier, { location }, signal)
}

/** Of a table that a rename has taken away and not yet brought where it goes. */
async function beingMoved(
  store: GlueStore,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<MoraineError | undefined> {
  const move = findGlueMove(await findGlueTable(store, identifier, signal))
  if (move === undefined) return undefined
  const text = `table ${formatIdentifier(identifier)} is being renamed to ${move.to}; if whoever did that died, rename it again`
  return new MoraineError('unavailable', text)
}
