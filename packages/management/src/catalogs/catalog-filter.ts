import { databaseName } from '../records/table-name.ts'
import { type LinearPattern, linearPattern } from './linear-pattern.ts'
import type { CatalogMap } from './managed-catalog.ts'

/** Which databases and tables of a catalog are looked after, and listed as such. */
export type CatalogFilter = {
  acceptsDatabase(namespace: readonly string[]): boolean
  acceptsTable(namespace: readonly string[], name: string): boolean
}

type FilterProperty = 'database-filter' | 'table-filter'

/**
 * The properties `database-filter` and `table-filter`, regular expressions that have to match all of the database's name,
 * and all of `database.table`, as in Amoro: Java's, as far as {@link linearPattern} takes them.
 *
 * @throws {MoraineError} `invalid-input` for what is no such expression
 */
export function catalogFilter(properties: CatalogMap): CatalogFilter {
  const database = expression('database-filter', properties)
  const table = expression('table-filter', properties)
  return {
    acceptsDatabase: (namespace) => database?.(databaseName(namespace)) ?? true,
    acceptsTable: (namespace, name) => table?.(`${databaseName(namespace)}.${name}`) ?? true,
  }
}

/** The property that leaves out the database, or the table in it; of both the first that does, `undefined` if none does. */
export function filterInTheWay(
  filter: CatalogFilter,
  namespace: readonly string[],
  table?: string,
): FilterProperty | undefined {
  if (!filter.acceptsDatabase(namespace)) return 'database-filter'
  return table === undefined || filter.acceptsTable(namespace, table) ? undefined : 'table-filter'
}

/** The same of a catalog that is registered already: where they are of no use, who asks is told, and nobody else. */
export function storedFilter(properties: CatalogMap): CatalogFilter {
  try {
    return catalogFilter(properties)
  } catch (error) {
    const fail = () => {
      throw error
    }
    return { acceptsDatabase: fail, acceptsTable: fail }
  }
}

function expression(key: FilterProperty, properties: CatalogMap): LinearPattern | undefined {
  const text = properties[key]
  return text === undefined || text === '' ? undefined : linearPattern(text, `properties.${key}`)
}
