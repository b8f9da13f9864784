import type { Migration } from './migration.ts'

export const views: Migration = {
  version: 2,
  name: 'views',
  async up(db) {
    const [table] = (await db.introspection.getTables()).filter(({ name }) => name === 'catalog_table')
    if (table?.columns.some(({ name }) => name === 'kind') === true) return
    await db.schema
      .alterTable('catalog_table')
      .addColumn('kind', 'varchar(8)', (column) => column.notNull().defaultTo('table'))
      .execute()
  },
}
