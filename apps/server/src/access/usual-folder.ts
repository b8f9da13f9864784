import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { unreachable } from '@moraine/stdx/assert'

/**
 * The folder in the warehouse that holds the tables of a namespace and of no other, by what this kind of catalog does where
 * nobody says otherwise. `undefined` where catalogs of the kind have no such rule.
 *
 * With JDBC catalogs, as Java's lays them out, `a/b/` is the folder of namespace `a.b` and of table `b` in namespace `a`: whoever
 * takes it for the one has to see that there is no other.
 */
export function usualFolder(type: CatalogType, namespace: readonly string[]): string | undefined {
  if (!namespace.every((level) => /^[\p{L}\p{M}\p{N}_\-=]+$/u.test(level))) return undefined
  switch (type) {
    case 'ams':
      return namespace.join('.')
    case 'hadoop':
    case 'filesystem':
    case 'jdbc':
      return namespace.join('/')
    case 'hive':
    case 'glue':
      return namespace.length === 1 ? `${namespace[0]}.db` : undefined
    case 'rest':
    case 'custom':
      return undefined
    default:
      return unreachable(type)
  }
}

/** Whether a table's folder may have its name: names with other signs are changed on the way, each kind in its own way. */
export function isPlainName(table: string): boolean {
  return /^[\p{L}\p{M}\p{N}_\-=][\p{L}\p{M}\p{N}_\-.=]*$/u.test(table)
}
