import type { CatalogTables, LoadedTable } from '@moraine/catalogs/catalog'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { checkRequirements } from '@moraine/iceberg/metadata/check-requirements'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { later } from '@moraine/stdx/brand'

/** One table whose metadata lives in memory: for tests of what happens between loading and committing. */
export type MemoryCatalogTables = CatalogTables & { readonly current: () => TableMetadata }

export function memoryCatalogTables(initial: TableMetadata): MemoryCatalogTables {
  let metadata = initial
  let version = 1
  const load = (identifier: LoadedTable['identifier']): LoadedTable => ({
    identifier,
    metadata,
    metadataLocation: `memory:/v${version}.metadata.json`,
  })
  return {
    current: () => metadata,
    loadTable: async (identifier) => load(identifier),
    findMetadataLocation: async (identifier) => load(identifier).metadataLocation,
    commitTable: async (identifier, { requirements, updates }) => {
      const check = checkRequirements(metadata, requirements)
      if (check.kind === 'violated') return { kind: 'conflict', reason: check.message }
      metadata = applyUpdates(metadata, updates, { now: later(metadata.lastUpdatedMs, 1) })
      version += 1
      return { kind: 'committed', table: load(identifier) }
    },
  }
}
