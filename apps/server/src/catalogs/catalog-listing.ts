import type { Page } from '@moraine/catalogs/page'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { OpenCatalogs } from './open-catalogs.ts'

/** Lists what registered catalogs hold, page by page. */
export function catalogListing(open: OpenCatalogs): CatalogListing {
  return {
    async listDatabases(name, signal) {
      const { catalog } = await open(name, signal)
      return collect((page) => catalog.listNamespaces([], page, signal))
    },
    async listTables(name, database, signal) {
      const { catalog } = await open(name, signal)
      const tables = await collect((page) => catalog.listTables(database, page, signal))
      return tables.map((table) => ({ name: table.name, format: 'ICEBERG' }))
    },
  }
}

async function collect<T>(list: (page: string | undefined) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = []
  let page: string | undefined
  do {
    const found = await list(page)
    items.push(...found.items)
    page = found.nextPage
  } while (page !== undefined)
  return items
}
