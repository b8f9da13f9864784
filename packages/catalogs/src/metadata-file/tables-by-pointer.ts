import type { Clock } from '@moraine/stdx/clock'
import type { CatalogTableOperations } from '../catalog.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { identifierKey, type TableIdentifier } from '../table-identifier.ts'
import { commitByPointer, commitNewByPointer, outcomeOfAddition } from './commit-by-pointer.ts'
import { createdMetadata } from './created-metadata.ts'
import { madeTable } from './made-table.ts'
import { type MetadataFiles, readMetadata } from './metadata-files.ts'
import { loadByPointer, type PointedTables } from './pointed-tables.ts'
import { withStagedFolders } from './staged-folders.ts'

/** Pointed tables, and what their catalog says of names and places. */
export interface NamedTables<Database> extends PointedTables {
  /** The identifier as the catalog has it. */
  identify(asked: TableIdentifier): TableIdentifier
  /** What to say to whoever loads a table that has no pointer. */
  missing(identifier: TableIdentifier, signal?: AbortSignal): Error | Promise<Error>
  /** Where a new table goes to, under the name it was asked for by. Throws if it cannot have that, or if that is taken. */
  databaseForNew(asked: TableIdentifier, signal?: AbortSignal): Promise<Database>
  /** Where the files of a new table go. */
  locationIn(database: Database, asked: TableIdentifier, signal?: AbortSignal): Promise<string>
}

type TablesByPointer = Pick<
  CatalogTableOperations,
  'loadTable' | 'findMetadataLocation' | 'commitTable' | 'createTable' | 'stageTable' | 'registerTable'
>

/** What can be done with such tables that is the same whoever keeps the pointers. */
export function tablesByPointer<Database>(
  store: MetadataFiles & { readonly clock: Clock },
  tables: NamedTables<Database>,
): TablesByPointer {
  const line = oneAtATime()
  const begin: TablesByPointer['stageTable'] = async (identifier, table, signal) => {
    const database = await tables.databaseForNew(identifier, signal)
    const location = table.location ?? (await tables.locationIn(database, identifier, signal))
    return createdMetadata(table, location, store)
  }
  return {
    async loadTable(asked, signal) {
      const identifier = tables.identify(asked)
      const found = await loadByPointer(store, tables, identifier, signal)
      if (found === undefined) throw await tables.missing(identifier, signal)
      return found
    },

    findMetadataLocation: async (asked, signal) => tables.findPointer(tables.identify(asked), signal),

    // In this process one after another: side by side all but one would write a metadata file in vain.
    async commitTable(asked, commit, signal) {
      const identifier = tables.identify(asked)
      const run = () => commitByPointer(store, tables, identifier, commit, signal)
      return line(`commits to ${identifierKey(identifier)}`, run, signal)
    },

    async createTable(identifier, table, signal) {
      const metadata = await begin(identifier, table, signal)
      return madeTable(identifier, 'created', await commitNewByPointer(store, tables, { identifier, metadata }, signal))
    },

    stageTable: async (identifier, table, signal) =>
      withStagedFolders(store.io, await begin(identifier, table, signal), signal),

    async registerTable(identifier, metadataLocation, signal, judge) {
      await tables.databaseForNew(identifier, signal)
      const metadata = await readMetadata(store, metadataLocation, signal)
      await judge?.(metadata)
      const table = { identifier, metadata, metadataLocation }
      return madeTable(identifier, 'registered', outcomeOfAddition(table, await tables.add(table, 'registered')))
    },
  }
}
