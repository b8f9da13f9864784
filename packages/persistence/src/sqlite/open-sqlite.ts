import type { Stores } from '@moraine/management/store/stores'
import { Kysely } from 'kysely'
import { migrate } from '../migrations/migrate.ts'
import type { Database } from '../schema.ts'
import { sqlStores } from '../stores/sql-stores.ts'
import { groupedDialect } from './grouped-dialect.ts'
import { nodeSqlite } from './node-sqlite.ts'

export type OpenDatabase = { readonly stores: Stores; close(): Promise<void> }

/**
 * Opens or creates the embedded database and migrates it. Its directory must exist; `:memory:` for one that vanishes.
 *
 * @throws {MoraineError} `conflict` if another process has it open, `unsupported` if a newer server wrote it, `corrupt`,
 * `permission` or `exhausted` where the file cannot be used.
 */
export async function openSqlite(path: string): Promise<OpenDatabase> {
  const db = new Kysely<Database>({ dialect: groupedDialect(nodeSqlite(path)) })
  try {
    await migrate(db, { longText: 'text' })
  } catch (error) {
    await db.destroy()
    throw error
  }
  return { stores: sqlStores(db), close: () => db.destroy() }
}
