import type { Namespace } from '@moraine/catalogs/table-identifier'
import type { TableFormat } from '../records/managed-table.ts'

/** What is in the catalogs, as their metastores say now. Errors are of the catalog asked, never of the others. */
export interface CatalogListing {
  listDatabases(catalog: string, signal?: AbortSignal): Promise<readonly Namespace[]>
  listTables(catalog: string, database: Namespace, signal?: AbortSignal): Promise<readonly ListedTable[]>
}

export type ListedTable = { readonly name: string; readonly format: TableFormat }
