import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import type { CatalogTableOperations, CreateTable } from '../catalog.ts'
import { noSuchNamespace, noSuchTable, tableExists } from '../catalog-error.ts'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { madeTable } from '../metadata-file/made-table.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { pageOfNames } from '../page.ts'
import { checkNamespace, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { commitVersion, makeVersion } from './commit-version.ts'
import { dropVersions } from './drop-versions.ts'
import { isNamespace, refuseInsideTable } from './filesystem-namespaces.ts'
import { findCurrentVersion } from './find-version.ts'
import { type HadoopStore, loadCurrentVersion } from './hadoop-store.ts'
import { refuseOtherFolder } from './table-in-folder.ts'
import { listWarehouse } from './warehouse-listing.ts'
import { namespaceLocation, tableLocation } from './warehouse-path.ts'

/** The tables of a warehouse. */
export function filesystemTables(store: HadoopStore, warehouse: string): CatalogTableOperations {
  const { io } = store
  const locate = (identifier: TableIdentifier) => tableLocation(warehouse, identifier)
  // Those of other processes make room for one another, at the price of another try; ours need not.
  const line = oneAtATime()
  const make = (identifier: TableIdentifier, next: TableMetadata, signal?: AbortSignal) => {
    const location = locate(identifier)
    return line(location, () => makeVersion(store, identifier, location, { base: undefined, next }, signal), signal)
  }
  return {
    async listTables(namespace, page, signal) {
      checkNamespace(namespace)
      const listing = await listWarehouse(io, namespaceLocation(warehouse, namespace), signal)
      if (!isNamespace(listing)) throw noSuchNamespace(namespace)
      const { items, ...rest } = pageOfNames(listing.tables, page)
      return { items: items.map((name) => ({ namespace, name })), ...rest }
    },

    async loadTable(identifier, signal) {
      const current = await loadCurrentVersion(store, locate(identifier), signal)
      if (current === undefined) throw noSuchTable(identifier)
      return { identifier, metadata: current.metadata, metadataLocation: current.file.location }
    },

    async findMetadataLocation(identifier, signal) {
      return (await findCurrentVersion(io, locate(identifier), signal))?.location
    },

    async commitTable(identifier, commit, signal) {
      if (commit.requirements.some(({ type }) => type === 'assert-create')) {
        await refuseMisplaced(store, warehouse, identifier, signal)
      }
      const location = locate(identifier)
      return line(location, () => commitVersion(store, identifier, location, commit, signal), signal)
    },

    async createTable(identifier, table, signal) {
      const next = await stage(store, warehouse, identifier, table, signal)
      return madeTable(identifier, 'created', await make(identifier, next, signal))
    },

    stageTable: (identifier, table, signal) => stage(store, warehouse, identifier, table, signal),

    async registerTable(identifier, metadataLocation, signal, judge) {
      await refuseMisplaced(store, warehouse, identifier, signal)
      await refuseExisting(store, warehouse, identifier, signal)
      const next = parseTableMetadata(await io.read(metadataLocation, signal), metadataLocation)
      await judge?.(next)
      refuseOtherFolder(identifier, locate(identifier), next, metadataLocation)
      return madeTable(identifier, 'registered', await make(identifier, next, signal))
    },

    async dropTable(identifier, signal) {
      const location = locate(identifier)
      await line(location, () => dropVersions(store, identifier, location, signal), signal)
    },

    renameTable(from) {
      return Promise.reject(
        new MoraineError(
          'unsupported',
          `table ${formatIdentifier(from)} of a filesystem catalog cannot be renamed: its name is its folder`,
        ),
      )
    },
  }
}

async function stage(
  store: HadoopStore,
  warehouse: string,
  identifier: TableIdentifier,
  table: CreateTable,
  signal: AbortSignal | undefined,
) {
  const location = tableLocation(warehouse, identifier)
  if (table.location !== undefined && table.location.replace(/\/+$/, '') !== location) {
    throw new MoraineError(
      'unsupported',
      `table ${formatIdentifier(identifier)} of a filesystem catalog has to be at ${location}, not at ${table.location}`,
    )
  }
  await refuseMisplaced(store, warehouse, identifier, signal)
  await refuseExisting(store, warehouse, identifier, signal)
  return createdMetadata(table, location, store)
}

async function refuseExisting(
  { io }: HadoopStore,
  warehouse: string,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ((await findCurrentVersion(io, tableLocation(warehouse, identifier), signal)) !== undefined) {
    throw tableExists(identifier)
  }
}

/** A table has no tables below it: maintenance would take their files for its orphans. */
async function refuseMisplaced(
  { io }: HadoopStore,
  warehouse: string,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<void> {
  const location = tableLocation(warehouse, identifier)
  await refuseInsideTable(io, warehouse, identifier.namespace, signal)
  if (isNamespace(await listWarehouse(io, location, signal))) {
    throw new MoraineError('already-exists', `${location} is a namespace, so it cannot be a table`)
  }
}
