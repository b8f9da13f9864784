import type { CatalogTables } from '@moraine/catalogs/catalog'
import type { Fence } from '@moraine/catalogs/fence'
import { deposed } from '../changes/apply-decision.ts'

/**
 * The same tables, to which nothing is committed once this server does not lead any more: not begun, and where the table's
 * pointer is kept beside the lease, not ended either.
 */
export function leadingCatalog(tables: CatalogTables, fence: () => Fence | undefined): CatalogTables {
  return {
    findMetadataLocation: (identifier, signal) => tables.findMetadataLocation(identifier, signal),
    loadTable: (identifier, signal) => tables.loadTable(identifier, signal),
    async commitTable(identifier, commit, signal) {
      const current = fence()
      if (current === undefined) throw deposed(`a commit to ${identifier.name}`)
      return tables.commitTable(identifier, { ...commit, fence: current }, signal)
    },
  }
}
