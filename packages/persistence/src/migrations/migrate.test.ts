import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kysely, SqliteDialect } from 'kysely'
import type { Database } from '../schema.ts'
import { nodeSqlite } from '../sqlite/node-sqlite.ts'
import { MIGRATIONS, migrate } from './migrate.ts'

const TYPES = { longText: 'text' } as const

test('versions are numbered without gaps', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

test('a step that fails leaves nothing behind and runs again as a whole', async () => {
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: nodeSqlite(':memory:') }) })
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
