import type { Catalog } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'

/** The same catalog, which tells of every table that it created or committed to. */
export function committing(catalog: Catalog, onCommit: (identifier: TableIdentifier) => void): Catalog {
  const { commitTables } = catalog
  return {
    ...catalog,
    async commitTable(identifier, commit, signal) {
      const outcome = await catalog.commitTable(identifier, commit, signal)
      if (outcome.kind !== 'conflict') onCommit(identifier)
      return outcome
    },
    ...(commitTables !== undefined && {
      async commitTables(changes, signal) {
        const outcome = await commitTables(changes, signal)
        if (outcome.kind !== 'conflict') for (const { identifier } of changes) onCommit(identifier)
        return outcome
      },
    }),
    async createTable(identifier, table, signal) {
      const created = await catalog.createTable(identifier, table, signal)
      onCommit(identifier)
      return created
    },
  }
}
