import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { EngineWords } from '../engine-words.ts'
import { checkMigrated } from '../migrations/check-migrated.ts'
import { type MigrationLock, migrateAlone } from '../migrations/migrate-alone.ts'
import type { ColumnTypes } from '../migrations/migration.ts'
import type { OpenDatabase } from '../sqlite/open-sqlite.ts'
import { sqlStores } from '../stores/sql-stores.ts'
import { ServerDatabase, type ServerDialect } from './server-database.ts'
import type { ServerPool } from './server-pool.ts'
import type { ServerSettings } from './server-settings.ts'

export type ServerParts = {
  readonly dialect: ServerDialect
  readonly words: EngineWords
  readonly types: ColumnTypes
  readonly lock: MigrationLock
  pool(settings: ServerSettings): ServerPool
  /** Of the tables, once they are there. */
  check(db: ServerDatabase): Promise<void>
}

export type ServerSurroundings = { readonly clock: Clock; readonly random: Random }

/** A migration may rewrite tables. */
const MIGRATION_MS = 3_600_000

/** Brings the tables up to this version by a connection of its own, and opens the stores. */
export async function openServer(
  settings: ServerSettings,
  parts: ServerParts,
  { clock, random }: ServerSurroundings,
): Promise<OpenDatabase> {
  await atStart(settings, parts, { clock, random }, async (starting) => {
    if (settings.createsTables) await migrateAlone(starting, { ...parts, clock })
    else await checkMigrated(starting)
    await parts.check(starting)
  })
  const db = new ServerDatabase(parts.pool(settings), parts.dialect, { settings, clock, random, isStarting: false })
  return { stores: sqlStores(db, parts.words), close: () => db.destroy() }
}

/** Work over one connection, by which is told what is wrong with the settings. */
export async function atStart<T>(
  settings: ServerSettings,
  { pool, dialect }: Pick<ServerParts, 'pool' | 'dialect'>,
  { clock, random }: ServerSurroundings,
  work: (db: ServerDatabase) => Promise<T>,
): Promise<T> {
  const alone = { ...settings, connectionsMax: 1, idleMax: 1, statementMs: MIGRATION_MS }
  const db = new ServerDatabase(pool(alone), dialect, { settings: alone, clock, random, isStarting: true })
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}
