import type { Migration } from './migration.ts'

export const droppedTables: Migration = {
  version: 4,
  name: 'dropped tables',
  async up(db, { longText }) {
    await db.schema
      .createTable('dropped_table')
      .ifNotExists()
      .addColumn('drop_id', 'varchar(36)', (column) => column.primaryKey())
      .addColumn('catalog_name', 'varchar(255)', (column) => column.notNull())
      .addColumn('kind', 'varchar(8)', (column) => column.notNull())
      .addColumn('namespace', longText, (column) => column.notNull())
      .addColumn('name', longText, (column) => column.notNull())
      .addColumn('metadata_location', longText, (column) => column.notNull())
      .addColumn('dropped_at', 'bigint', (column) => column.notNull())
      .addColumn('purge_at', 'bigint', (column) => column.notNull())
      .addColumn('purges_files', 'integer', (column) => column.notNull())
      .execute()
    await db.schema.createIndex('dropped_table_due').ifNotExists().on('dropped_table').columns(['purge_at']).execute()
  },
}
