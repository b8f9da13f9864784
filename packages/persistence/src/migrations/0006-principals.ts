import type { Migration } from './migration.ts'

export const principals: Migration = {
  version: 6,
  name: 'principals',
  async up(db, { longText }) {
    await db.schema
      .createTable('principal')
      .ifNotExists()
      .addColumn('name', 'varchar(128)', (column) => column.primaryKey())
      .addColumn('grants', longText, (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute()
    await db.schema
      .createTable('access_credential')
      .ifNotExists()
      .addColumn('id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('principal', 'varchar(128)', (column) => column.notNull())
      .addColumn('secret_hash', 'varchar(64)', (column) => column.notNull())
      .addColumn('note', longText, (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .execute()
    await db.schema
      .createIndex('access_credential_principal')
      .ifNotExists()
      .on('access_credential')
      .columns(['principal'])
      .execute()
  },
}
