import type { Migration } from './migration.ts'

/** The way to the few tables that somebody asked to have optimized, among many that wait. */
export const requestedTables: Migration = {
  version: 20,
  name: 'requested tables',
  async up(db) {
    const tables = await db.introspection.getTables()
    const managed = tables.find(({ name }) => name === 'managed_table')
    if (managed?.columns.some(({ name }) => name === 'requested_at') !== true) {
      await db.schema.alterTable('managed_table').addColumn('requested_at', 'bigint').execute()
    }
    // When it was is in the request; here it counts that it was.
    await db
      .updateTable('managed_table')
      .set({ requested_at: 0 as never })
      .where('request', 'is not', null)
      .where('requested_at', 'is', null)
      .execute()
    await db.schema
      .createIndex('managed_table_requested')
      .ifNotExists()
      .on('managed_table')
      .columns(['group_name', 'phase', 'requested_at'])
      .execute()
  },
}
