import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { addFolders } from '../stores/pointer-folders.ts'
import type { Migration } from './migration.ts'

/**
 * Keeps where tables and views may have their files, finds them by it however it is spelled, and has a purge begin before
 * it removes anything. For those that are there it is seen with their next commits; until then the folder around that of
 * their metadata is taken for their place.
 */
export const places: Migration = {
  version: 11,
  name: 'places',
  remakes: ['pointer_folder'],
  async up(db, { longText }) {
    const tables = await db.introspection.getTables()
    const has = (table: string, column: string) =>
      tables.some(({ name, columns }) => name === table && columns.some((each) => each.name === column))
    for (const table of ['catalog_table', 'dropped_table']) {
      if (!has(table, 'places')) await db.schema.alterTable(table).addColumn('places', longText).execute()
    }
    if (!has('dropped_table', 'is_purging')) {
      const column = db.schema.alterTable('dropped_table')
      await column.addColumn('is_purging', 'integer', (type) => type.notNull().defaultTo(0)).execute()
    }
    if (!has('pointer_folder', 'is_place')) {
      const column = db.schema.alterTable('pointer_folder')
      await column.addColumn('is_place', 'integer', (type) => type.notNull().defaultTo(0)).execute()
    }
    await db.deleteFrom('pointer_folder').execute()
    await fill(db)
  },
}

async function fill(db: Kysely<Database>): Promise<void> {
  for (let after = ''; ; ) {
    const query = db.selectFrom('catalog_table').select(['table_hash', 'metadata_location'])
    const rows = await query.where('table_hash', '>', after).orderBy('table_hash').limit(PAGE).execute()
    for (const row of rows) await addFolders(db, row.table_hash, { metadataLocation: row.metadata_location })
    after = rows.at(-1)?.table_hash ?? after
    if (rows.length < PAGE) break
  }
  // Dropped tables are few: they go after some days.
  const dropped = await db.selectFrom('dropped_table').select(['drop_id', 'metadata_location']).execute()
  for (const row of dropped) await addFolders(db, row.drop_id, { metadataLocation: row.metadata_location })
}

const PAGE = 1000
