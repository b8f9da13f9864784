import type { Catalog, CatalogTables, CreateTable } from '@moraine/catalogs/catalog'
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

/**
 * The same catalog, whose new tables get the catalog's defaults as properties of their own, the format version among them,
 * unless they come with others. What says how tables are optimized is left out: it holds for all tables, as it is at
 * the time ({@link withTableDefaults}).
 */
export function withCreationDefaults(catalog: Catalog, defaults: CatalogMap): Catalog {
  const given = Object.fromEntries(Object.entries(defaults).filter(([key]) => !key.startsWith('self-optimizing.')))
  if (Object.keys(given).length === 0) return catalog
  const complete = (table: CreateTable) => ({ ...table, properties: { ...given, ...table.properties } })
  return {
    ...catalog,
    createTable: (identifier, table, signal) => catalog.createTable(identifier, complete(table), signal),
    stageTable: (identifier, table, signal) => catalog.stageTable(identifier, complete(table), signal),
  }
}
