import type { CatalogStore, StoredCatalog } from '@moraine/management/catalogs/managed-catalog'
import { noSuchCatalog } from './no-such-catalog.ts'

/**
 * The catalog of that name, or else the one whose name differs in nothing but case: engines of Amoro put the addresses that
 * they are given, with the catalog's name, in lower case.
 *
 * @throws {MoraineError} `not-found`
 */
export async function findInAnyCase(
  store: Pick<CatalogStore, 'findCatalog' | 'listCatalogs'>,
  name: string,
): Promise<StoredCatalog> {
  const folded = name.toLowerCase()
  const found =
    (await store.findCatalog(name)) ??
    (await store.listCatalogs()).find((catalog) => catalog.name.toLowerCase() === folded)
  if (found !== undefined) return found
  throw noSuchCatalog(name)
}
