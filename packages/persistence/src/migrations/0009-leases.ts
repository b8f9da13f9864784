import type { Migration } from './migration.ts'

/** Which server leads, by the clock of the database. */
export const leases: Migration = {
  version: 9,
  name: 'leases',
  async up(db, { longText }) {
    await db.schema
      .createTable('lease')
      .ifNotExists()
      .addColumn('name', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('holder', 'varchar(255)', (column) => column.notNull())
      .addColumn('epoch', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('address', longText, (column) => column.notNull())
      .execute()
  },
}
