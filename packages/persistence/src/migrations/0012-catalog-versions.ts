import type { Migration } from './migration.ts'

/** Counts the changes of a registration, so that none is made from an older one and every node sees it. */
export const catalogVersions: Migration = {
  version: 12,
  name: 'catalog versions',
  async up(db) {
    const [table] = (await db.introspection.getTables()).filter(({ name }) => name === 'managed_catalog')
    if (table?.columns.some(({ name }) => name === 'version') === true) return
    const column = db.schema.alterTable('managed_catalog')
    await column.addColumn('version', 'bigint', (type) => type.notNull().defaultTo(0)).execute()
  },
}
