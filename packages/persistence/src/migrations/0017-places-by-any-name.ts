import type { Kysely } from 'kysely'
import { fromNullableJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'
import { addFolders, removeFolders } from '../stores/pointer-folders.ts'
import type { Migration } from './migration.ts'

/**
 * Has tables and views found by all names of the store that they are in, such as of HDFS by its path alone. Of files and of
 * buckets of S3 nothing changes: most databases have no others.
 */
export const placesByAnyName: Migration = {
  version: 17,
  name: 'places by any name',
  async up(db) {
    for (let after = ''; ; ) {
      const query = db.selectFrom('catalog_table').select(['table_hash as owner', 'metadata_location', 'places'])
      const rows = await query.where('table_hash', '>', after).orderBy('table_hash').limit(PAGE).execute()
      for (const row of rows) await place(db, row)
      after = rows.at(-1)?.owner ?? after
      if (rows.length < PAGE) break
    }
    const dropped = db.selectFrom('dropped_table').select(['drop_id as owner', 'metadata_location', 'places'])
    for (const row of await dropped.execute()) await place(db, row)
  },
}

type Row = { readonly owner: string; readonly metadata_location: string; readonly places: string | null }

async function place(db: Kysely<Database>, { owner, metadata_location: metadataLocation, ...row }: Row): Promise<void> {
  if (!OTHER_STORE.test(metadataLocation) && !OTHER_STORE.test(row.places ?? '')) return
  const places = fromNullableJson<string[]>(row.places)
  await removeFolders(db, owner)
  await addFolders(db, owner, { metadataLocation, ...(places && { places }) })
}

/** A location in text that is one, or a list of them. */
const OTHER_STORE = /(?:^|")(?!file:|s3[an]?:)[a-z][a-z0-9+.-]*:\//i

const PAGE = 1000
