import { MoraineError } from '@moraine/stdx/error'
import { databaseName } from '../tables/table-name.ts'
import type { CatalogMap } from './managed-catalog.ts'

/** Which databases and tables of a catalog there are, for discovery and for lists alike. */
export type CatalogFilter = {
  acceptsDatabase(namespace: readonly string[]): boolean
  acceptsTable(namespace: readonly string[], name: string): boolean
}

/**
 * The properties `database-filter` and `table-filter`, regular expressions that have to match all of the database's name,
 * and all of `database.table`, as in Amoro. A Java expression that begins with `(?i)` is understood.
 *
 * @throws {MoraineError} `invalid-input` for what is no expression
 */
export function catalogFilter(properties: CatalogMap): CatalogFilter {
  const database = expression('database-filter', properties)
  const table = expression('table-filter', properties)
  return {
    acceptsDatabase: (namespace) => database?.test(databaseName(namespace)) ?? true,
    acceptsTable: (namespace, name) => table?.test(`${databaseName(namespace)}.${name}`) ?? true,
  }
}

function expression(key: string, properties: CatalogMap): RegExp | undefined {
  const text = properties[key]
  if (text === undefined || text === '') return undefined
  const [, ignoreCase, pattern = ''] = /^(\(\?i\))?(.*)$/s.exec(text) ?? []
  try {
    // Once by itself: what is broken must not become whole by the brackets around it.
    new RegExp(pattern, 'u')
    return new RegExp(`^(?:${pattern})$`, ignoreCase === undefined ? 'u' : 'iu')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MoraineError('invalid-input', `properties.${key} is no regular expression: ${why}`)
  }
}
