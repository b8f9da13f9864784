import { FOLDERS_LOCK } from '../stores/pointer-folders.ts'
import type { Migration } from './migration.ts'

/** Finds tables by where they lie; a later version fills it. */
export const pointerFolders: Migration = {
  version: 8,
  name: 'pointer folders',
  async up(db) {
    await db.schema
      .createTable('pointer_folder')
      .ifNotExists()
      .addColumn('folder_hash', 'varchar(64)', (column) => column.notNull())
      .addColumn('owner', 'varchar(64)', (column) => column.notNull())
      .addPrimaryKeyConstraint('pointer_folder_key', ['folder_hash', 'owner'])
      .execute()
    await db.schema.createIndex('pointer_folder_owner').ifNotExists().on('pointer_folder').columns(['owner']).execute()
    await db.deleteFrom('pointer_folder').execute()
    await db.deleteFrom('id_sequence').where('name', '=', FOLDERS_LOCK).execute()
    await db.insertInto('id_sequence').values({ name: FOLDERS_LOCK, last_value: 1 }).execute()
  },
}
