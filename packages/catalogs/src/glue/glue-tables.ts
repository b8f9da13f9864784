import type { Database } from '@aws-sdk/client-glue'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import type { CatalogTableOperations, CreateTable } from '../catalog.ts'
import { changeUncertain, noSuchNamespace, noSuchTable, tableExists } from '../catalog-error.ts'
import { commitByPointer, commitNewByPointer } from '../metadata-file/commit-by-pointer.ts'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { formatIdentifier, identifierKey, type Namespace, type TableIdentifier } from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { addGlueTable, gluePointed } from './glue-commit.ts'
import { dropGlueTable } from './glue-drop.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { checkNewGlueTable, glueDatabase, glueIdentifier } from './glue-names.ts'
import { renameGlueTable } from './glue-rename.ts'
import { findGlueDatabase, findGlueTable, type GlueStore, loadGlueTable } from './glue-store.ts'
import { findGlueMove, gluePointer, isIcebergInGlue } from './glue-table.ts'

/** The Iceberg tables of Glue; it may hold others, which are not seen here but whose names are taken. */
export function glueTables(store: GlueStore): CatalogTableOperations {
  const line = oneAtATime()
  return {
    listTables: (namespace, page, signal) => listTables(store, namespace, page, signal),

    async loadTable(asked, signal) {
      const identifier = glueIdentifier(asked)
      const found = await loadGlueTable(store, identifier, signal)
      if (found !== undefined) return found
      throw (await beingMoved(store, identifier, signal)) ?? noSuchTable(identifier)
    },

    async findMetadataLocation(asked, signal) {
      const identifier = glueIdentifier(asked)
      return gluePointer(await findGlueTable(store, identifier, signal), identifier)
    },

    // In this process one after another: side by side all but one would write a metadata file in vain.
    commitTable(asked, commit, signal) {
      const identifier = glueIdentifier(asked)
      const run = () => commitByPointer(store, gluePointed(store, identifier), commit, signal)
      return line(`commits to ${identifierKey(identifier)}`, run, signal)
    },

    async createTable(identifier, table, signal) {
      const metadata = await stage(store, identifier, table, signal)
      const outcome = await commitNewByPointer(store, gluePointed(store, identifier), metadata, signal)
      if (outcome.kind === 'committed') return outcome.table
      throw outcome.kind === 'conflict'
        ? tableExists(identifier)
        : changeUncertain('table', identifier, 'created', outcome.cause)
    },

    stageTable: (identifier, table, signal) => stage(store, identifier, table, signal),

    async registerTable(identifier, metadataLocation, signal, judge) {
      await databaseForNew(store, identifier, signal)
      const metadata = await readMetadata(store, metadataLocation, signal)
      await judge?.(metadata)
      const registered = { identifier, metadata, metadataLocation }
      const outcome = await addGlueTable(store, registered)
      if (outcome === 'won') return registered
      throw outcome === 'lost'
        ? tableExists(identifier)
        : changeUncertain('table', identifier, 'registered', outcome.unknown)
    },

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

async function stage(
  store: GlueStore,
  identifier: TableIdentifier,
  table: CreateTable,
  signal: AbortSignal | undefined,
): Promise<TableMetadata> {
  const { LocationUri } = await databaseForNew(store, identifier, signal)
  if (table.location !== undefined) return createdMetadata(table, table.location, store)
  const { io, random, settings } = store
  // Where the reference implementation puts it.
  const parent = LocationUri || (settings.warehouse && `${settings.warehouse}/${glueDatabase(identifier.namespace)}.db`)
  if (parent === undefined) {
    const text = `table ${formatIdentifier(identifier)} needs a location; set warehouse, or the location of its namespace`
    throw new MoraineError('invalid-input', text)
  }
  const places = { warehouse: parent, io, random }
  return createdMetadata(table, await newTableLocation(places, identifier, { location: parent }, signal), store)
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
