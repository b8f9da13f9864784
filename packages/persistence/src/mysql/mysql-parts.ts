import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { MYSQL_WORDS } from '../engine-words.ts'
import type { MigrationLock } from '../migrations/migrate-alone.ts'
import { atStart, type ServerParts, type ServerSurroundings } from '../server/open-server.ts'
import type { ServerSettings } from '../server/server-settings.ts'
import { mysqlDialect } from './mysql-dialect.ts'
import { mysqlPool } from './mysql-pool.ts'
import { checkMysqlTables, inspectMysql, mysqlSession } from './prepare-mysql.ts'

/** As the server wants to be spoken to, which it is asked first. */
export async function mysqlParts(settings: ServerSettings, surroundings: ServerSurroundings): Promise<ServerParts> {
  const asking = { dialect: mysqlDialect('utf8mb4_bin'), pool: (each: ServerSettings) => mysqlPool(each, [], false) }
  const server = await atStart(settings, asking, surroundings, inspectMysql)
  return {
    dialect: mysqlDialect(server.collation),
    words: MYSQL_WORDS,
    types: { longText: sql`longtext` },
    lock: namedLock(settings.database),
    pool: (each) => mysqlPool(each, mysqlSession(server, each), !server.isMariaDb),
    check: (db) => checkMysqlTables(db, server),
  }
}

/** Names of locks are the whole server's, and short. */
function namedLock(database: string): MigrationLock {
  const name = `moraine-${createHash('sha256').update(database).digest('hex').slice(0, 32)}`
  return {
    async take(connection) {
      const { rows } = await sql<{ has: number }>`select get_lock(${name}, 0) as has`.execute(connection)
      return rows[0]?.has === 1
    },
    give: (connection) => sql`select release_lock(${name})`.execute(connection),
  }
}
