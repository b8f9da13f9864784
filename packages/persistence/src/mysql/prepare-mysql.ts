import { MoraineError } from '@moraine/stdx/error'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../schema.ts'
import { LOCK_WAIT_MS, PAUSE_MS, type ServerSettings } from '../server/server-settings.ts'
import { TABLE_NAMES } from '../table-names.ts'
import { type MysqlServer, mysqlServer } from './mysql-server.ts'

/**
 * Asks the server what it is.
 *
 * @throws {MoraineError} `unsupported` for versions without JSON_TABLE or an exact collation, and for replication that does
 * not understand transactions that are read committed
 */
export async function inspectMysql(db: Kysely<Database>): Promise<MysqlServer> {
  type Variable = { readonly Variable_name: string; readonly Value: string }
  const { rows } = await sql<Variable>`
    show variables where variable_name in ('version', 'log_bin', 'binlog_format')`.execute(db)
  const variables = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]))
  if (variables.get('log_bin') === 'ON' && variables.get('binlog_format') === 'STATEMENT') {
    throw new MoraineError('unsupported', 'the database replicates statements: set binlog_format there to ROW or MIXED')
  }
  return mysqlServer(variables.get('version') ?? '')
}

/** What each connection begins with, whatever the defaults of the server are. */
export function mysqlSession(
  { isMariaDb, collation }: MysqlServer,
  { statementMs }: Pick<ServerSettings, 'statementMs'>,
): readonly string[] {
  return [
    `set names utf8mb4 collate ${collation}`,
    // Text that is too long is refused and not cut. A backslash escapes: the client library relies on it.
    `set session sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'`,
    `set session autocommit = 1, time_zone = '+00:00', group_concat_max_len = 1048576, innodb_lock_wait_timeout = ${Math.ceil(Math.min(statementMs, LOCK_WAIT_MS) / 1000)}`,
    'set session transaction isolation level read committed',
    isMariaDb
      ? `set session max_statement_time = ${statementMs / 1000}, idle_transaction_timeout = ${PAUSE_MS / 1000}`
      : // MySQL has no limit for pauses within transactions alone.
        `set session max_execution_time = ${statementMs}, wait_timeout = ${PAUSE_MS / 1000}`,
  ]
}

/**
 * Tables that were made by other hands may lose what was not committed, or take `Orders` for `orders`.
 *
 * @throws {MoraineError} `unsupported` naming the first such table
 */
export async function checkMysqlTables(db: Kysely<Database>, { collation }: MysqlServer): Promise<void> {
  type Table = { readonly name: string; readonly engine: string | null; readonly collation: string | null }
  const { rows } = await sql<Table>`
    select table_name as name, engine as engine, table_collation as collation from information_schema.tables
    where table_schema = database() and table_name in (${sql.join(TABLE_NAMES)})`.execute(db)
  const wrong = rows.find((table) => table.engine !== 'InnoDB' || table.collation !== collation)
  if (wrong === undefined) return
  const remedy = `alter table ${wrong.name} engine = InnoDB, convert to character set utf8mb4 collate ${collation}`
  throw new MoraineError(
    'unsupported',
    `table ${wrong.name} is kept by ${wrong.engine} and compares by ${wrong.collation}, which is not exact: ${remedy}`,
  )
}
