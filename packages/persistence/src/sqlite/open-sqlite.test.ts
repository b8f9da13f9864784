import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { catalogStoresConformance } from '@moraine/testkit/conformance/catalog-stores'
import { storesConformance } from '@moraine/testkit/conformance/stores'
import { Kysely } from 'kysely'
import { migrate } from '../migrations/migrate.ts'
import type { Database } from '../schema.ts'
import { sqlStores } from '../stores/sql-stores.ts'
import { groupedDialect } from './grouped-dialect.ts'
import { nodeSqlite } from './node-sqlite.ts'
import { openSqlite } from './open-sqlite.ts'

storesConformance('sqlite', () => openSqlite(':memory:'))
catalogStoresConformance('sqlite', () => openSqlite(':memory:'))

function withDirectory(run: (directory: string) => Promise<void>) {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'moraine-sqlite-'))
    try {
      await run(directory)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const ORDERS = { catalog: 'lake', namespace: ['sales'], name: 'orders' }

test(
  'what was written is there when the file is opened again',
  withDirectory(async (directory) => {
    const path = join(directory, 'moraine.db')
    const first = await openSqlite(path)
    const table = await first.stores.tables.addTable({ name: ORDERS, format: 'ICEBERG', createdAt: 5 as never })
    await first.close()
    const second = await openSqlite(path)
    assert.deepEqual(await second.stores.tables.findTableByName(ORDERS), table)
    await second.close()
  }),
)

test(
  'a database that a newer server has migrated is refused with its version',
  withDirectory(async (directory) => {
    const path = join(directory, 'moraine.db')
    await (await openSqlite(path)).close()
    const raw = new DatabaseSync(path)
    raw.exec("INSERT INTO schema_migration (version, name) VALUES (7000, 'from-the-future')")
    raw.close()
    await assert.rejects(
      openSqlite(path),
      (error) => isKind(error, 'unsupported') && /version 7000 \(from-the-future\)/.test(error.message),
    )
  }),
)

test('a full disk is said so, nothing of the change is written, and work goes on when there is room', async () => {
  const sqlite = nodeSqlite(':memory:')
  const limit = (pages: number) => sqlite.execute(`PRAGMA max_page_count=${pages}`, [])
  const db = new Kysely<Database>({ dialect: groupedDialect(sqlite) })
  await migrate(db, { longText: 'text' })
  const stores = sqlStores(db)
  limit(100)
  const big = { name: 'big', container: 'local', properties: { note: 'x'.repeat(1_000_000) } }
  await assert.rejects(stores.groups.saveGroup(big), (error) => isKind(error, 'exhausted'))
  assert.deepEqual(await stores.groups.listGroups(), [])
  limit(10_000)
  await stores.groups.saveGroup(big)
  assert.equal((await stores.groups.listGroups()).length, 1)
  await db.destroy()
})

test(
  'a file that is no database, and a directory that is not there, are named with the remedy',
  withDirectory(async (directory) => {
    const path = join(directory, 'moraine.db')
    writeFileSync(path, 'this is not a database, but it is long enough to have a header'.repeat(20))
    await assert.rejects(openSqlite(path), (error) => isKind(error, 'corrupt') && error.message.includes(path))
    const nowhere = join(directory, 'none', 'moraine.db')
    await assert.rejects(openSqlite(nowhere), (error) => isKind(error, 'permission') && error.message.includes(nowhere))
  }),
)

test('of transactions side by side on a full disk each is whole or told that it is not', async () => {
  const sqlite = nodeSqlite(':memory:')
  const limit = (pages: number) => sqlite.execute(`PRAGMA max_page_count=${pages}`, [])
  const db = new Kysely<Database>({ dialect: groupedDialect(sqlite) })
  await migrate(db, { longText: 'text' })
  limit(120)
  const insert = (on: Kysely<Database>, name: string, bytes: number) =>
    on
      .insertInto('resource_group')
      .values({ name, container: 'x', properties: 'y'.repeat(bytes) })
      .execute()
  const both = (name: string, bytes: number) =>
    db.transaction().execute(async (transaction) => {
      await insert(transaction, `${name}-1`, 10)
      await insert(transaction, `${name}-2`, bytes)
    })
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const ends = await Promise.allSettled(names.map((name, at) => both(name, at % 2 === 1 ? 1_000_000 : 10)))
  const rows = await db.selectFrom('resource_group').select('name').orderBy('name').execute()
  const expected = names.flatMap((name, at) => (ends[at]?.status === 'fulfilled' ? [`${name}-1`, `${name}-2`] : []))
  assert.deepEqual(
    rows.map(({ name }) => name),
    expected,
  )
  for (const end of ends) {
    if (end.status === 'rejected') assert.ok(isKind(end.reason, 'exhausted'), String(end.reason))
  }
  assert.ok(ends.some(({ status }) => status === 'rejected'))
  await db.destroy()
})
