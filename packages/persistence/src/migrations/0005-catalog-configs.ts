import type { Migration } from './migration.ts'

const COLUMNS = ['storage_config', 'auth_config', 'secrets'] as const

/** What a registration holds beside its properties; `secrets` are sealed values. */
export const catalogConfigs: Migration = {
  version: 5,
  name: 'catalog configs',
  async up(db, { longText }) {
    const [table] = (await db.introspection.getTables()).filter(({ name }) => name === 'managed_catalog')
    const known = new Set(table?.columns.map(({ name }) => name))
    for (const column of COLUMNS.filter((name) => !known.has(name))) {
      await db.schema.alterTable('managed_catalog').addColumn(column, longText).execute()
    }
  },
}
