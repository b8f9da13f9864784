import type { Migration } from './migration.ts'

export const uploadedFiles: Migration = {
  version: 13,
  name: 'uploaded files',
  async up(db, { longText }) {
    await db.schema
      .createTable('uploaded_file')
      .ifNotExists()
      .addColumn('file_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('name', longText, (column) => column.notNull())
      .addColumn('content', longText, (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
  },
}
