import type { Clock } from '@moraine/stdx/clock'
import type { JdbcDatabase } from './jdbc-database.ts'
import type { JdbcSettings } from './jdbc-settings.ts'
import { openMysqlDatabase } from './mysql-database.ts'
import { openPostgresDatabase } from './postgres-database.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

/** Servers are reached when they are first asked something; a file is opened at once. */
export function openJdbcDatabase(server: JdbcSettings['server'], clock: Clock): JdbcDatabase {
  switch (server.dialect) {
    case 'sqlite':
      return openSqliteDatabase(server.path, clock, server)
    case 'postgresql':
      return openPostgresDatabase(server)
    case 'mysql':
      return openMysqlDatabase(server)
  }
}
