import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import pg from 'pg'
import type { JdbcDatabase, JdbcRow, JdbcStatement } from './jdbc-database.ts'
import { JDBC_LIMITS } from './jdbc-limits.ts'
import type { JdbcServer } from './jdbc-settings.ts'
import { type PooledConnection, pooledDatabase } from './pooled-database.ts'

/** A catalog in PostgreSQL, or in what speaks its protocol and dialect. Connections are made when they are needed. */
export function openPostgresDatabase(server: JdbcServer): JdbcDatabase {
  const place = `postgresql://${server.host}:${server.port}/${server.database}`
  const pool = new pg.Pool({
    host: server.host,
    port: server.port,
    database: server.database,
    user: server.user,
    password: server.password,
    ssl: server.tls === 'off' ? false : { rejectUnauthorized: server.tls === 'verified' },
    application_name: 'moraine',
    max: JDBC_LIMITS.connectionsMax,
    idleTimeoutMillis: JDBC_LIMITS.idleMs,
    connectionTimeoutMillis: JDBC_LIMITS.connectMs,
    statement_timeout: JDBC_LIMITS.statementMs,
    lock_timeout: JDBC_LIMITS.lockMs,
    idle_in_transaction_session_timeout: JDBC_LIMITS.statementMs,
    // A server that does not answer does not keep to its own limits either.
    query_timeout: JDBC_LIMITS.answerMs,
    keepAlive: true,
    // The process may end while connections wait for the next statement.
    allowExitOnIdle: true,
    ...(server.searchPath === undefined ? {} : { options: `-c search_path=${escaped(server.searchPath)}` }),
  })
  // A connection that dies while nobody uses it is replaced by the next that is needed. One that dies in use fails the next
  // statement; its event may come at any moment, also before it is handed out and after it is given up, and would end the
  // process if nobody listened.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pooledDatabase({
    dialect: 'postgresql',
    place,
    async connect() {
      return connectionOf(await pool.connect())
    },
    failure: (error) => postgresFailure(place, error),
    close: () => pool.end(),
  })
}

/** In `options` a blank ends a setting. */
function escaped(text: string): string {
  return text.replace(/[\\ ]/g, '\\$&')
}

function connectionOf(client: pg.PoolClient): PooledConnection {
  const send = ({ sql, values }: JdbcStatement) => client.query({ text: numbered(sql), values: [...values] })
  return {
    async query(statement) {
      const { rows } = await send(statement)
      return rows as readonly JdbcRow[]
    },
    execute: async (statement) => (await send(statement)).rowCount ?? 0,
    release: (isUsable) => client.release(!isUsable),
  }
}

/** `?` is `$1` here. No text that is not a value has one. */
function numbered(sql: string): string {
  let number = 0
  return sql.replace(/\?/g, () => {
    number += 1
    return `$${number}`
  })
}

function postgresFailure(place: string, error: unknown): MoraineError {
  const code = error instanceof pg.DatabaseError ? error.code : undefined
  // Of several addresses that did not answer there is no text, but a code.
  const { message = String(error), code: network } = error as { readonly message?: string; readonly code?: string }
  return new MoraineError(kindOf(code), `${place}: ${message === '' ? network : message}`, { cause: error })
}

/** SQLSTATE codes. Without one, it was the connection. */
function kindOf(code: string | undefined): ErrorKind {
  const known = code === undefined ? undefined : (KINDS[code] ?? KINDS[code.slice(0, 2)])
  return known ?? (code === undefined ? 'unavailable' : 'internal')
}

const KINDS: Readonly<Record<string, ErrorKind>> = {
  '23505': 'already-exists',
  '42P07': 'already-exists',
  '42701': 'already-exists',
  '40': 'conflict',
  // Its commit may or may not have been made.
  '40003': 'unavailable',
  '55P03': 'conflict',
  '57014': 'conflict',
  '42P01': 'not-found',
  '42703': 'not-found',
  '3D000': 'invalid-input',
  '3F000': 'invalid-input',
  '42501': 'permission',
  '28': 'permission',
  '25006': 'permission',
  '22': 'invalid-input',
  '23': 'invalid-input',
  '53': 'unavailable',
  '53100': 'exhausted',
  '57': 'unavailable',
  '58': 'unavailable',
  '08': 'unavailable',
  '25P03': 'unavailable',
  XX001: 'corrupt',
  XX002: 'corrupt',
}
