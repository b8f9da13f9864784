import type { Migration } from './migration.ts'

/** The last decision on the optimizers of each group, and the way from an optimizer to its last attempt. */
export const groupAllocations: Migration = {
  version: 16,
  name: 'group allocations',
  async up(db, { longText }) {
    await db.schema
      .createTable('group_allocation')
      .ifNotExists()
      .addColumn('group_name', 'varchar(255)', (column) => column.primaryKey())
      .addColumn('allocation', longText, (column) => column.notNull())
      .execute()
    await db.schema
      .createIndex('task_attempt_optimizer')
      .ifNotExists()
      .on('task_attempt')
      .columns(['optimizer_id', 'ended_at'])
      .execute()
  },
}
