import type { Migration } from './migration.ts'

/** What became of the last request to optimize a table. */
export const answersToRequests: Migration = {
  version: 19,
  name: 'answers to requests',
  async up(db, { longText }) {
    const tables = await db.introspection.getTables()
    const managed = tables.find(({ name }) => name === 'managed_table')
    if (managed?.columns.some(({ name }) => name === 'last_request') === true) return
    await db.schema.alterTable('managed_table').addColumn('last_request', longText).execute()
  },
}
