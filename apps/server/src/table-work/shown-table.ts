import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { TableName } from '@moraine/management/records/table-name'
import { allFiles, ownFilesOnly, type ShownFiles } from '../access/shown-files.ts'
import type { FindOpened } from '../catalogs/open-catalogs.ts'
import { reachTable } from './reached-table.ts'

/** A table as the service shows it to whoever may look at it: not what its writers name elsewhere. */
export type ShownTable = {
  readonly loaded: LoadedTable
  readonly files: ShownFiles
  /** Whether files that do not lie in the table's own places are left alone. */
  readonly boundsFiles: boolean
}

/** @throws {MoraineError} as `FindOpened` and `loadTable` */
export async function showTable(
  catalogs: FindOpened,
  table: TableName,
  signal: AbortSignal | undefined,
): Promise<ShownTable> {
  const { placement } = await catalogs(table.catalog, signal)
  const { store, identifier, io, boundsFiles } = await reachTable(catalogs, table, signal)
  const loaded = await store.loadTable(identifier, signal)
  const shown = { catalog: table.catalog, table: identifier, metadata: loaded.metadata }
  return { loaded, files: placement.allowsExternal ? allFiles(io, shown) : ownFilesOnly(io, shown), boundsFiles }
}
