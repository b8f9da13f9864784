import type { Catalog } from '@moraine/catalogs/catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import type { CatalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { databaseName } from '@moraine/management/tables/table-name'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { allNamespaces } from '../../catalogs/all-namespaces.ts'

export type FilteredCatalog = { readonly catalog: Catalog; readonly filter: CatalogFilter }

/**
 * The database that a path names: one level of a namespace or several, joined with dots. A level that itself has a dot is
 * tried first. Only for a name that could still be cut otherwise is everything listed.
 *
 * @throws {MoraineError} `not-found`
 */
export async function resolveDatabase({ catalog, filter }: FilteredCatalog, name: string): Promise<Namespace> {
  const levels = name.split('.')
  if (filter.acceptsDatabase([name])) {
    if (await hasNamespace(catalog, [name])) return [name]
    if (levels.length > 1 && (await hasNamespace(catalog, levels))) return levels
    if (levels.length > 2) {
      const found = (await allNamespaces(catalog)).find((each) => databaseName(each) === name)
      if (found !== undefined) return found
    }
  }
  throw new MoraineError('not-found', `there is no database '${name}' in catalog '${catalog.name}'`)
}

/** A catalog that cannot have such a namespace has none. */
async function hasNamespace(catalog: Catalog, namespace: Namespace): Promise<boolean> {
  try {
    await catalog.loadNamespace(namespace)
    return true
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'unsupported') || isKind(error, 'invalid-input')) return false
    throw error
  }
}
