import type { Migration } from './migration.ts'

/**
 * What is known of outputs that are to be discarded, and what their table was called once it is gone; and the way from the
 * UUID of a table to the names it has.
 */
export const keptOutputs: Migration = {
  version: 18,
  name: 'kept outputs',
  async up(db, { longText }) {
    const tables = await db.introspection.getTables()
    const has = (table: string, column: string) =>
      tables.some(({ name, columns }) => name === table && columns.some((each) => each.name === column))
    const discards = () => db.schema.alterTable('output_discard')
    if (!has('output_discard', 'commit_outcome')) {
      // Of those of before nothing is known but that the table has to be asked.
      await discards()
        .addColumn('commit_outcome', 'varchar(16)', (column) => column.notNull().defaultTo('refused'))
        .execute()
    }
    if (!has('output_discard', 'tries')) {
      await discards()
        .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
        .execute()
    }
    if (!has('output_discard', 'reason')) await discards().addColumn('reason', longText).execute()
    if (!has('output_discard', 'table_name')) await discards().addColumn('table_name', longText).execute()
    await db.schema
      .createIndex('output_discard_table')
      .ifNotExists()
      .on('output_discard')
      .columns(['table_id'])
      .execute()
    if (!has('managed_table', 'uuid_hash')) {
      await db.schema.alterTable('managed_table').addColumn('uuid_hash', 'varchar(64)').execute()
    }
    await db.schema.createIndex('managed_table_uuid').ifNotExists().on('managed_table').columns(['uuid_hash']).execute()
  },
}
