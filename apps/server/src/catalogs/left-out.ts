import type { Namespace } from '@moraine/catalogs/table-identifier'
import { type CatalogFilter, filterInTheWay } from '@moraine/management/catalogs/catalog-filter'
import { databaseName } from '@moraine/management/records/table-name'

/**
 * Why a database, or a table, of the catalog is not among those that are looked after, whether it is there or not; `undefined`
 * if no filter leaves it out. The expression itself is for those who may see how the catalog is registered.
 */
export function whyLeftOut(
  { name: catalog, filter }: { readonly name: string; readonly filter: CatalogFilter },
  namespace: Namespace,
  table?: string,
): string | undefined {
  const property = filterInTheWay(filter, namespace, table)
  if (property === undefined) return undefined
  const database = databaseName(namespace)
  const what = property === 'database-filter' ? `database '${database}'` : `table '${database}.${table}'`
  return `the ${property} of catalog '${catalog}' leaves out ${what}: whoever manages the catalog can change it (moraine catalog change ${catalog} --property ${property}=...)`
}
