import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { sql } from 'kysely'
import { POSTGRES_WORDS } from '../engine-words.ts'
import type { MigrationLock } from '../migrations/migrate-alone.ts'
import type { ServerParts } from '../server/open-server.ts'
import type { ServerDatabase } from '../server/server-database.ts'
import { POSTGRES_DIALECT } from './postgres-dialect.ts'
import { postgresPool } from './postgres-pool.ts'

/** The word moraine in ASCII. Locks are of one database. */
const LOCK_KEY = sql.raw('30803309512715877')

const ADVISORY_LOCK: MigrationLock = {
  async take(connection) {
    const { rows } = await sql<{ has: boolean }>`select pg_try_advisory_lock(${LOCK_KEY}) as has`.execute(connection)
    return rows[0]?.has === true
  },
  give: (connection) => sql`select pg_advisory_unlock(${LOCK_KEY})`.execute(connection),
}

export const POSTGRES_PARTS: ServerParts = {
  dialect: POSTGRES_DIALECT,
  words: POSTGRES_WORDS,
  types: { longText: 'text' },
  lock: ADVISORY_LOCK,
  pool: postgresPool,
  check: checkServer,
}

/** @throws {MoraineError} `unsupported` for what is too old, or keeps text in a way that has no room for all names */
async function checkServer(db: ServerDatabase): Promise<void> {
  type Server = { readonly encoding: string; readonly version: string }
  const { rows } = await sql<Server>`
    select current_setting('server_encoding') as encoding, current_setting('server_version_num') as version`.execute(db)
  const { encoding, version } = must(rows[0], 'the settings of the database')
  if (encoding !== 'UTF8') {
    const text = `the database keeps text as ${encoding}, which has no room for all names: create it with encoding UTF8`
    throw new MoraineError('unsupported', text)
  }
  if (Number(version) < 120_000) {
    throw new MoraineError('unsupported', `the database is PostgreSQL ${version}; at least 12 is needed`)
  }
}
