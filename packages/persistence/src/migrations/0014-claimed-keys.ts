import type { Migration } from './migration.ts'

/** Says which server answers the request with a key, before there is an answer. */
export const claimedKeys: Migration = {
  version: 14,
  name: 'claimed keys',
  async up(db) {
    const [table] = (await db.introspection.getTables()).filter(({ name }) => name === 'answered_request')
    if (table?.columns.some(({ name }) => name === 'holder') === true) return
    const column = db.schema.alterTable('answered_request')
    await column.addColumn('holder', 'varchar(64)', (type) => type.notNull().defaultTo('')).execute()
  },
}
