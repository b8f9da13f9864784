import { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { groupedDialect } from '../sqlite/grouped-dialect.ts'
import { nodeSqlite } from '../sqlite/node-sqlite.ts'
import { migrationsConformance } from '../testing/migrations-conformance.ts'

migrationsConformance('sqlite', async () => {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(':memory:')) })
  return { db, types: { longText: 'text' }, close: () => db.destroy() }
})
