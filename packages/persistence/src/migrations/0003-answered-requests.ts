import type { Migration } from './migration.ts'

export const answeredRequests: Migration = {
  version: 3,
  name: 'answered requests',
  async up(db, { longText }) {
    await db.schema
      .createTable('answered_request')
      .ifNotExists()
      .addColumn('key_hash', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('request_hash', 'varchar(64)', (column) => column.notNull())
      .addColumn('status', 'integer', (column) => column.notNull())
      .addColumn('content', longText, (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await db.schema
      .createIndex('answered_request_expiry')
      .ifNotExists()
      .on('answered_request')
      .columns(['expires_at'])
      .execute()
  },
}
