import { Socket } from 'node:net'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { createPool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { JdbcDatabase, JdbcRow, JdbcStatement } from './jdbc-database.ts'
import { JDBC_LIMITS } from './jdbc-limits.ts'
import type { JdbcServer } from './jdbc-settings.ts'
import { type PooledConnection, pooledDatabase } from './pooled-database.ts'

/** A catalog in MySQL or MariaDB. Connections are made when they are needed. */
export function openMysqlDatabase(server: JdbcServer): JdbcDatabase {
  const place = `mysql://${server.host}:${server.port}/${server.database}`
  const pool = createPool({
    host: server.host,
    port: server.port,
    database: server.database,
    ...(server.user === undefined ? {} : { user: server.user }),
    ...(server.password === undefined ? {} : { password: server.password }),
    ...(server.tls === 'off' ? {} : { ssl: { rejectUnauthorized: server.tls === 'verified' } }),
    charset: 'utf8mb4',
    // Rows that a change found are counted, whether or not it made them different.
    flags: ['FOUND_ROWS', '-LOCAL_FILES'],
    connectionLimit: JDBC_LIMITS.connectionsMax,
    idleTimeout: JDBC_LIMITS.idleMs,
    connectTimeout: JDBC_LIMITS.connectMs,
  })
  const prepared = new WeakSet<object>()
  return pooledDatabase({
    dialect: 'mysql',
    place,
    async connect() {
      const connection = await pool.getConnection()
      socketOf(connection)?.ref()
      // The pool wraps a connection anew each time.
      if (!prepared.has(connection.connection)) {
        await prepare(connection)
        prepared.add(connection.connection)
      }
      return connectionOf(connection)
    },
    failure: (error) => mysqlFailure(place, error),
    close: () => pool.end(),
  })
}

async function prepare(connection: PoolConnection): Promise<void> {
  try {
    for (const sql of SESSION) await connection.query({ sql, timeout: JDBC_LIMITS.connectMs })
  } catch (error) {
    connection.destroy()
    throw error
  }
}

/**
 * Text that is too long is refused, not cut. Locks are waited for no longer than elsewhere. Statements see what is
 * committed when they begin, and lock the rows they find and not the gaps between them.
 */
const SESSION: readonly string[] = [
  "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), autocommit = 1",
  `SET SESSION innodb_lock_wait_timeout = ${JDBC_LIMITS.lockMs / 1000}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
]

function connectionOf(connection: PoolConnection): PooledConnection {
  const send = async ({ sql, values }: JdbcStatement) => {
    const request = { sql, timeout: JDBC_LIMITS.answerMs }
    // Prepared where there are values: what they would have to be escaped with depends on the session's mode.
    const [answer] =
      values.length === 0
        ? await connection.query<RowDataPacket[] | ResultSetHeader>(request)
        : await connection.execute<RowDataPacket[] | ResultSetHeader>({ ...request, values: [...values] })
    return answer
  }
  return {
    async query(statement) {
      const answer = await send(statement)
      return Array.isArray(answer) ? answer.map(toRow) : []
    },
    async execute(statement) {
      const answer = await send(statement)
      return Array.isArray(answer) ? 0 : answer.affectedRows
    },
    release(isUsable) {
      if (!isUsable) return connection.destroy()
      // The process may end while it waits for the next statement.
      socketOf(connection)?.unref()
      connection.release()
    },
  }
}

function socketOf({ connection }: PoolConnection): Socket | undefined {
  // The driver has it, and does not say so in its types.
  const { stream } = connection as { readonly stream?: unknown }
  return stream instanceof Socket ? stream : undefined
}

/** Columns of a binary collation may come as bytes. */
function toRow(row: RowDataPacket): JdbcRow {
  return Object.fromEntries(
    Object.entries(row as Readonly<Record<string, unknown>>).map(([column, value]) => [
      column.toLowerCase(),
      value === null || value === undefined ? null : Buffer.isBuffer(value) ? value.toString('utf8') : String(value),
    ]),
  )
}

function mysqlFailure(place: string, error: unknown): MoraineError {
  const { code, errno, sqlState } = error as {
    readonly code?: string
    readonly errno?: number
    readonly sqlState?: string
  }
  const text = error instanceof Error ? error.message : String(error)
  // What the server says has a state; what else there is, the connection.
  const kind =
    sqlState === undefined ? 'unavailable' : (KINDS[errno ?? 0] ?? STATES[sqlState.slice(0, 2)] ?? 'internal')
  return new MoraineError(kind, `${place}: ${text === '' ? code : text}`, { cause: error })
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  1021: 'exhausted',
  1040: 'unavailable',
  1044: 'permission',
  1045: 'permission',
  1049: 'invalid-input',
  1050: 'already-exists',
  1053: 'unavailable',
  1054: 'not-found',
  1060: 'already-exists',
  1062: 'already-exists',
  1114: 'exhausted',
  1142: 'permission',
  1146: 'not-found',
  1205: 'conflict',
  1213: 'conflict',
  // Interrupted: by an administrator, or by a limit that the server keeps.
  1317: 'conflict',
  1969: 'conflict',
  3024: 'conflict',
  1290: 'permission',
  1698: 'permission',
  1836: 'permission',
  1927: 'unavailable',
  3169: 'unavailable',
  4031: 'unavailable',
}

const STATES: Readonly<Record<string, ErrorKind>> = {
  '08': 'unavailable',
  '22': 'invalid-input',
  '23': 'invalid-input',
  '28': 'permission',
  '40': 'conflict',
  '70': 'conflict',
}
