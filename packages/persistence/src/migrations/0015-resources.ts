import type { Migration } from './migration.ts'

/** Optimizers that containers are asked for, and the way from an optimizer back to what it was launched for. */
export const resources: Migration = {
  version: 15,
  name: 'resources',
  async up(db, { longText }) {
    await db.schema
      .createTable('resource')
      .ifNotExists()
      .addColumn('resource_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('group_name', 'varchar(255)', (column) => column.notNull())
      .addColumn('container', 'varchar(255)', (column) => column.notNull())
      .addColumn('threads', 'integer', (column) => column.notNull())
      .addColumn('memory_mb', 'bigint', (column) => column.notNull())
      .addColumn('requested_at', 'bigint', (column) => column.notNull())
      .addColumn('request_reason', longText, (column) => column.notNull())
      .addColumn('status', 'varchar(16)', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('retry_at', 'bigint')
      .addColumn('failure', longText)
      .addColumn('launched_at', 'bigint')
      .addColumn('releasing_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('reason', longText)
      .addColumn('is_failure', 'integer', (column) => column.notNull())
      .execute()
    await db.schema
      .createIndex('resource_status')
      .ifNotExists()
      .on('resource')
      .columns(['status', 'ended_at'])
      .execute()
    await db.schema
      .createIndex('optimizer_resource')
      .ifNotExists()
      .on('optimizer')
      .columns(['resource_id', 'gone_at'])
      .execute()
  },
}
