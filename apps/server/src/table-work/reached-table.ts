import type { CatalogTables, LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { TableName } from '@moraine/management/records/table-name'
import type { FileIO } from '@moraine/storage/file-io'
import type { StorageSettings } from '@moraine/storage/settings'
import type { KeepOut } from '../catalogs/keep-out.ts'
import type { FindOpened, OpenedCatalog } from '../catalogs/open-catalogs.ts'
import { withTableDefaults } from '../catalogs/table-defaults.ts'
import type { TableFiles } from '../catalogs/table-files.ts'
import type { PointedTable } from './reading/table-reading.ts'

/** A table of one of the service's catalogs, with the means to reach its files. */
export type ReachedTable = {
  readonly store: CatalogTables
  readonly identifier: TableIdentifier
  /** Renews by itself what it needs. */
  readonly io: FileIO
  /** Whether files that do not lie in the table's own places are left alone. */
  readonly boundsFiles: boolean
  /** Refuses files that are not this catalog's to have copied; absent where all are. */
  readonly keepOut?: KeepOut
  /**
   * Where the metadata file says everything of the table, all its files are reached alike, and none is kept out: then others can
   * read it too.
   */
  readonly pointed?: Pick<PointedTable, 'storage' | 'tableDefaults'>
  /** How others reach the files from now on. Never to be logged, nor stored in the clear. */
  loadStorage(signal: AbortSignal): Promise<StorageSettings>
}

/** @throws {MoraineError} as `FindOpened`. The table itself is not looked for. */
export async function reachTable(
  catalogs: FindOpened,
  { catalog: catalogName, namespace, name }: TableName,
  signal: AbortSignal | undefined,
): Promise<ReachedTable> {
  const opened = await catalogs(catalogName, signal)
  const { catalog, io, storage, tableDefaults, files, boundsFiles, keepOut, placement } = opened
  const identifier: TableIdentifier = { namespace, name }
  const store = keptOut(withTableDefaults(catalog, tableDefaults), keepOut)
  const common = { identifier, boundsFiles, ...(keepOut && { keepOut }) }
  const pointed = placement.type === 'ams' && keepOut === undefined && { pointed: { storage, tableDefaults } }
  if (files === undefined) return { ...common, ...pointed, store, io, loadStorage: async () => storage }
  return {
    ...common,
    store: noticing(store, files),
    io: files.io(identifier),
    loadStorage: (inner) => files.loadSettings(identifier, inner),
  }
}

/** Reads the files of a table that was just loaded: with what its catalog vends for it, where it does. */
export function ioOfTable(
  { io, files, keepOut }: Pick<OpenedCatalog, 'io' | 'files' | 'keepOut'>,
  table: LoadedTable | undefined,
): FileIO {
  if (table === undefined) return io
  files?.notice(table)
  const own = files === undefined ? io : files.io(table.identifier)
  return keepOut === undefined ? own : readAfter(own, () => keepOut.checkTable(table.metadata))
}

/** The same, which reads nothing before the check has passed. */
function readAfter(io: FileIO, check: () => Promise<void>): FileIO {
  let checked: Promise<void> | undefined
  const pass = () => {
    checked ??= check()
    return checked
  }
  return {
    ...io,
    read: (location, signal) => pass().then(() => io.read(location, signal)),
    readRange: (location, offset, length, signal) => pass().then(() => io.readRange(location, offset, length, signal)),
  }
}

/** The same tables, but for those whose places are others'. */
function keptOut(store: CatalogTables, keepOut: KeepOut | undefined): CatalogTables {
  if (keepOut === undefined) return store
  return {
    findMetadataLocation: (identifier, signal) => store.findMetadataLocation(identifier, signal),
    commitTable: (identifier, commit, signal) => store.commitTable(identifier, commit, signal),
    async loadTable(identifier, signal) {
      const loaded = await store.loadTable(identifier, signal)
      await keepOut.checkTable(loaded.metadata)
      return loaded
    },
  }
}

/** The same tables; what comes with one that is loaded need not be asked for. */
function noticing(store: CatalogTables, files: TableFiles): CatalogTables {
  return {
    findMetadataLocation: (identifier, signal) => store.findMetadataLocation(identifier, signal),
    commitTable: (identifier, commit, signal) => store.commitTable(identifier, commit, signal),
    async loadTable(identifier, signal) {
      const loaded = await store.loadTable(identifier, signal)
      files.notice(loaded)
      return loaded
    },
  }
}
