import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kysely, sql } from 'kysely'
import type { Database } from '../schema.ts'
import { groupedDialect } from '../sqlite/grouped-dialect.ts'
import { nodeSqlite } from '../sqlite/node-sqlite.ts'
import { sqlCatalogs } from '../stores/sql-catalogs.ts'
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
  assert.deepEqual(await sqlCatalogs(db).listCatalogs(), [far])
  const sealed = { ...far, sealedSecrets: { 'properties/token': 'v1.k.x' } }
  await sqlCatalogs(db).saveCatalog(sealed)
  assert.deepEqual(await sqlCatalogs(db).findCatalog('far'), sealed)
  await db.destroy()
})
