import type { CatalogMap } from '@moraine/management/catalogs/managed-catalog'
import { isKind } from '@moraine/stdx/error'
import { formatLocalFolders, LOCAL_FOLDERS } from '@moraine/storage/local-folders'
import { parseLocation } from '@moraine/storage/location'

/**
 * Which files of the service's machine belong to a catalog, as the storage setting that says so: what its administrator names,
 * else its warehouse if that is a folder. Where tables are is said by those who write them, and with catalogs of others by
 * people whom nobody here knows: without bounds a table at the place of another catalog's would be read and copied.
 *
 * @param allowsExternal whether the tables of a catalog with such a warehouse may lie anywhere
 */
export function servedFolders(properties: CatalogMap, allowsExternal: boolean): string {
  const named = properties[LOCAL_FOLDERS]
  if (named !== undefined) return named
  const { warehouse = '' } = properties
  if (!isLocal(warehouse)) return formatLocalFolders([])
  return formatLocalFolders([allowsExternal ? '/' : warehouse])
}

/** Of a REST catalog it may be any name. */
function isLocal(warehouse: string): boolean {
  try {
    return parseLocation(warehouse).scheme === 'file'
  } catch (error) {
    if (isKind(error, 'invalid-input')) return false
    throw error
  }
}
