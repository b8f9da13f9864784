import type { CatalogTables } from '@moraine/catalogs/catalog'
import type { CatalogMap } from '@moraine/management/catalogs/managed-catalog'

/** The same tables, for optimizing: each with the catalog's defaults below the properties of its own. */
export function withTableDefaults(tables: CatalogTables, defaults: CatalogMap): CatalogTables {
  if (Object.keys(defaults).length === 0) return tables
  return {
    findMetadataLocation: (identifier, signal) => tables.findMetadataLocation(identifier, signal),
    commitTable: (identifier, commit, signal) => tables.commitTable(identifier, commit, signal),
    async loadTable(identifier, signal) {
      const table = await tables.loadTable(identifier, signal)
      const properties = { ...defaults, ...table.metadata.properties }
      return { ...table, metadata: { ...table.metadata, properties } }
    },
  }
}
