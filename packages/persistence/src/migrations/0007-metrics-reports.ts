import type { Migration } from './migration.ts'

export const metricsReports: Migration = {
  version: 7,
  name: 'metrics reports',
  async up(db, { longText }) {
    await db.schema
      .createTable('metrics_report')
      .ifNotExists()
      .addColumn('report_id', 'varchar(36)', (column) => column.primaryKey())
      .addColumn('table_hash', 'varchar(64)', (column) => column.notNull())
      .addColumn('catalog_name', longText, (column) => column.notNull())
      .addColumn('namespace', longText, (column) => column.notNull())
      .addColumn('name', longText, (column) => column.notNull())
      .addColumn('kind', 'varchar(16)', (column) => column.notNull())
      .addColumn('snapshot_id', 'varchar(20)', (column) => column.notNull())
      .addColumn('principal', 'varchar(128)', (column) => column.notNull())
      .addColumn('received_at', 'bigint', (column) => column.notNull())
      .addColumn('report', longText, (column) => column.notNull())
      .execute()
    await db.schema
      .createIndex('metrics_report_table')
      .ifNotExists()
      .on('metrics_report')
      .columns(['table_hash', 'report_id'])
      .execute()
    await db.schema
      .createIndex('metrics_report_age')
      .ifNotExists()
      .on('metrics_report')
      .columns(['received_at'])
      .execute()
  },
}
