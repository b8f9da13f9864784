import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kysely, sql } from 'kysely'
import { SQLITE_WORDS } from '../engine-words.ts'
import type { Database } from '../schema.ts'
import { groupedDialect } from '../sqlite/grouped-dialect.ts'
import { nodeSqlite } from '../sqlite/node-sqlite.ts'
import { sqlCatalogs } from '../stores/sql-catalogs.ts'
import { sqlDroppedPointers } from '../stores/sql-dropped-pointers.ts'
import { MIGRATIONS, migrate } from './migrate.ts'

const TYPES = { longText: 'text' } as const

test('versions are numbered without gaps', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

test('a step that fails leaves nothing behind and runs again as a whole', async () => {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(':memory:')) })
  let broken = true
  const second = {
    version: MIGRATIONS.length + 1,
    name: 'second',
    async up(transaction: Kysely<Database>) {
      await transaction.schema.createTable('fresh').addColumn('a', 'integer').execute()
      if (broken) throw new Error('power cut')
    },
  }
  await assert.rejects(migrate(db, TYPES, [...MIGRATIONS, second]), /power cut/)
  assert.deepEqual(await tableNames(db, 'fresh'), [])
  broken = false
  await migrate(db, TYPES, [...MIGRATIONS, second])
  await migrate(db, TYPES, [...MIGRATIONS, second])
  assert.deepEqual(await tableNames(db, 'fresh'), ['fresh'])
  await db.destroy()
})

async function tableNames(db: Kysely<Database>, name: string): Promise<readonly string[]> {
  const tables = await db.introspection.getTables()
  return tables.map((table) => table.name).filter((found) => found === name)
}

test('a catalog that an earlier version stored is there as it was', async () => {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(':memory:')) })
  await migrate(
    db,
    TYPES,
    MIGRATIONS.filter(({ version }) => version < 5),
  )
  await sql`INSERT INTO managed_catalog (name, type, properties) VALUES ('far', 'rest', '{"uri":"http://h"}')`.execute(
    db,
  )
  await migrate(db, TYPES)
  const far = { name: 'far', type: 'rest', properties: { uri: 'http://h' } } as const
  assert.deepEqual(await sqlCatalogs(db).listCatalogs(), [{ ...far, version: 0 }])
  const sealed = { ...far, sealedSecrets: { 'properties/token': 'v1.k.x' } }
  await sqlCatalogs(db).saveCatalog(sealed)
  assert.deepEqual(await sqlCatalogs(db).findCatalog('far'), { ...sealed, version: 1 })
  await db.destroy()
})

test('where the tables of an earlier version lie is known', async () => {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(':memory:')) })
  await migrate(
    db,
    TYPES,
    MIGRATIONS.filter(({ version }) => version < 8),
  )
  await sql`INSERT INTO catalog_table (kind, catalog_name, table_hash, namespace_hash, namespace, name, metadata_location)
    VALUES ('table', 'lake', 'h', 'n', '["sales"]', 'orders', 's3://b/t/metadata/m1')`.execute(db)
  await sql`INSERT INTO dropped_table (drop_id, catalog_name, kind, namespace, name, metadata_location, dropped_at, purge_at, purges_files)
    VALUES ('d', 'lake', 'table', '["sales"]', 'old', 's3://b/u/metadata/m1', 1, 2, 0)`.execute(db)
  await migrate(db, TYPES)
  const drops = sqlDroppedPointers(db, SQLITE_WORDS)
  assert.equal((await drops.findPointerUnder(['s3://b/t/']))?.name, 'orders')
  assert.equal((await drops.findPointerUnder(['S3A://b/u/metadata/']))?.name, 'old')
  assert.equal((await drops.findPointerAround(['s3a://b/t/data']))?.name, 'orders')
  assert.equal((await drops.findPointerAround(['s3://b/u']))?.name, 'old')
  await db.destroy()
})

test('tables that an earlier version found by one name of their store are found by all', async () => {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(':memory:')) })
  await migrate(
    db,
    TYPES,
    MIGRATIONS.filter(({ version }) => version < 17),
  )
  for (const [hash, name, metadata, places] of [
    ['h1', 'gold', 'hdfs://nn:8020/wh/b/gold/metadata/m1', '["hdfs://nn:8020/wh/b/gold","s3://b/gold"]'],
    ['h2', 'old', 'webhdfs://nn:9870/wh/old/metadata/m1', null],
    ['h3', 'plain', 's3://b/plain/metadata/m1', '["s3://b/plain","s3://b/with:/colon"]'],
    ['h4', 'apart', 's3a://b/apart/metadata/m1', '["s3://b/apart","abfss://c@Acc.dfs.core.windows.net/data"]'],
  ] as const) {
    await sql`INSERT INTO catalog_table (kind, catalog_name, table_hash, namespace_hash, namespace, name, metadata_location, places)
      VALUES ('table', 'lake', ${hash}, 'n', '["sales"]', ${name}, ${metadata}, ${places})`.execute(db)
  }
  // As made by that version, of a file's place.
  await sql`INSERT INTO pointer_folder (folder_hash, owner, is_place) VALUES ('stale', 'h1', 1), ('kept', 'h3', 1)`.execute(
    db,
  )
  await sql`INSERT INTO dropped_table (drop_id, catalog_name, kind, namespace, name, metadata_location, places, dropped_at, purge_at, purges_files, is_purging)
    VALUES ('d', 'lake', 'table', '["sales"]', 'dropped', 'hdfs:/wh/dropped/metadata/m1', '["hdfs:///wh/dropped"]', 1, 2, 0, 0)`.execute(
    db,
  )
  await migrate(db, TYPES)
  const drops = sqlDroppedPointers(db, SQLITE_WORDS)
  const around = async (place: string) => (await drops.findPointerAround([place]))?.name
  assert.equal(await around('hdfs:///wh/b/gold/data'), 'gold')
  assert.equal(await around('webhdfs://nn:9870/wh/b/gold'), 'gold')
  assert.equal(await around('s3a://b/gold'), 'gold')
  assert.equal(await around('hdfs://ns1/wh/old/x'), 'old')
  assert.equal(await around('hdfs://nn/wh/dropped'), 'dropped')
  assert.equal(await around('wasbs://c@acc.blob.core.windows.net/data/x'), 'apart')
  const left = await sql<{
    owner: string
  }>`SELECT owner FROM pointer_folder WHERE folder_hash IN ('stale', 'kept')`.execute(db)
  assert.deepEqual(
    left.rows.map(({ owner }) => owner),
    ['h3'],
    'those of files and of S3 stay as they are',
  )
  await db.destroy()
})
