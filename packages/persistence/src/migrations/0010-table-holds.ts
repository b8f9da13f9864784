import type { Migration } from './migration.ts'

/** What may keep a table from being worked on: a person, and whoever has blocked it. */
export const tableHolds: Migration = {
  version: 10,
  name: 'table holds',
  async up(db, { longText }) {
    const tables = await db.introspection.getTables()
    const has = (table: string, column: string) =>
      tables.some(({ name, columns }) => name === table && columns.some((each) => each.name === column))
    if (!has('managed_table', 'pause'))
      await db.schema.alterTable('managed_table').addColumn('pause', longText).execute()
    if (!has('optimizing_process', 'is_requested')) {
      const column = db.schema.alterTable('optimizing_process')
      await column.addColumn('is_requested', 'integer', (type) => type.notNull().defaultTo(0)).execute()
    }
    await db.schema
      .createTable('table_blocker')
      .ifNotExists()
      .addColumn('blocker_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('table_id', 'bigint', (column) => column.notNull())
      .addColumn('operations', 'varchar(255)', (column) => column.notNull())
      .addColumn('properties', longText, (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await db.schema.createIndex('table_blocker_table').ifNotExists().on('table_blocker').column('table_id').execute()
  },
}
