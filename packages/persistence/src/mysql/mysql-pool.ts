import {
  createPool,
  type PoolConnection,
  type PoolOptions,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import { exactInteger } from '../server/exact-integer.ts'
import type { HeldConnection, ServerPool } from '../server/server-pool.ts'
import { PAUSE_MS, type ServerSettings, serverPlace } from '../server/server-settings.ts'
import { explainMysql } from './explain-mysql.ts'

/** How long a connection is kept that nobody needs. */
const IDLE_MS = 60_000
/** The same where the server ends it after {@link PAUSE_MS}, as it would end one that stands still within a transaction. */
const SHORT_IDLE_MS = PAUSE_MS / 2
/** A server that does not keep to the limit of a statement is given up after so much more. */
const ANSWER_MARGIN_MS = 5000

/**
 * Connections to MySQL or MariaDB, made when they are needed; each begins with the statements of `session`.
 *
 * @param endsIdle whether the server ends connections that are not used for {@link PAUSE_MS}
 */
export function mysqlPool(settings: ServerSettings, session: readonly string[], endsIdle: boolean): ServerPool {
  const kept = endsIdle
    ? { maxIdle: 0, idleTimeout: SHORT_IDLE_MS }
    : { maxIdle: settings.idleMax, idleTimeout: IDLE_MS }
  const pool = createPool({ ...poolOptions(settings), ...kept })
  const answerMs = settings.statementMs + ANSWER_MARGIN_MS
  const prepared = new WeakSet<object>()
  return {
    place: serverPlace('mysql', settings),
    // That of the session is read committed.
    begin: (level) =>
      level === 'read committed'
        ? ['start transaction']
        : ['set transaction isolation level serializable', 'start transaction'],
    async connect() {
      const connection = await pool.getConnection()
      // The pool wraps a connection anew each time.
      if (!prepared.has(connection.connection)) {
        await prepare(connection, session, settings.connectMs)
        prepared.add(connection.connection)
      }
      return connectionOf(connection, answerMs)
    },
    explain: explainMysql,
    close: () => pool.end(),
  }
}

const INDEX_EXISTS = 1061

function poolOptions({ tls, rootCertificate: ca, ...settings }: ServerSettings): PoolOptions {
  const isVerified = tls === 'verified'
  const ssl = { rejectUnauthorized: isVerified, verifyIdentity: isVerified, ...(ca !== undefined && { ca }) }
  return {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    ...(tls !== 'off' && { ssl }),
    charset: 'utf8mb4',
    timezone: 'Z',
    // Rows that a change found are counted, whether or not it made them different.
    flags: ['FOUND_ROWS', '-LOCAL_FILES'],
    multipleStatements: false,
    connectionLimit: settings.connectionsMax,
    connectTimeout: settings.connectMs,
    enableKeepAlive: true,
    typeCast: (field, next) => {
      if (field.type !== 'LONGLONG') return next()
      const text = field.string()
      return text === null ? null : exactInteger(text)
    },
  }
}

async function prepare(connection: PoolConnection, session: readonly string[], timeout: number): Promise<void> {
  try {
    for (const sql of session) await connection.query({ sql, timeout })
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function connectionOf(connection: PoolConnection, timeout: number): HeldConnection {
  return {
    async send(sql, parameters) {
      // Values are written into the statement: a session has the SQL mode for which the client library escapes them.
      const request = { sql, values: parameters.map(plain), timeout }
      try {
        const [answer] = await connection.query<RowDataPacket[] | ResultSetHeader>(request)
        return Array.isArray(answer) ? { rows: answer } : { rows: [], numAffectedRows: BigInt(answer.affectedRows) }
      } catch (error) {
        // A migration that is run again: all of them create indexes that may be there.
        if ((error as { readonly errno?: number }).errno === INDEX_EXISTS) return { rows: [] }
        throw error
      }
    },
    release(isUsable) {
      if (isUsable) connection.release()
      else connection.destroy()
    },
  }
}

/** Objects would be written as assignments. */
function plain(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  throw new TypeError(`a value for the database is ${typeof value}: only text, numbers and null are`)
}
