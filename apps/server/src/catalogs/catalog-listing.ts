import { collectPages } from '@moraine/catalogs/page'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import { allNamespaces } from './all-namespaces.ts'
import type { OpenCatalogs } from './open-catalogs.ts'

/** Lists what registered catalogs hold, page by page, as far as their filters let it pass. */
export function catalogListing(open: OpenCatalogs): CatalogListing {
  return {
    async listDatabases(name, signal) {
      const { catalog, filter } = await open(name, signal)
      const databases = await allNamespaces(catalog, signal)
      return databases.filter((database) => filter.acceptsDatabase(database))
    },
    async listTables(name, database, signal) {
      const { catalog, filter } = await open(name, signal)
      const tables = await collectPages(
        `the list of tables of ${name}.${database.join('.')}`,
        (page) => catalog.listTables(database, page, signal),
        signal,
      )
      return tables
        .filter((table) => filter.acceptsTable(database, table.name))
        .map((table) => ({ name: table.name, format: 'ICEBERG' }))
    },
  }
}
