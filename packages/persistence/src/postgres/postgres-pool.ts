import pg from 'pg'
import { exactInteger } from '../server/exact-integer.ts'
import type { HeldConnection, ServerPool } from '../server/server-pool.ts'
import { LOCK_WAIT_MS, PAUSE_MS, type ServerSettings, serverPlace } from '../server/server-settings.ts'
import { explainPostgres } from './explain-postgres.ts'

const IDLE_MS = 60_000
/** A server that does not keep to the limit of a statement is given up after so much more. */
const ANSWER_MARGIN_MS = 5000

/** Connections to PostgreSQL, made when they are needed. */
export function postgresPool(settings: ServerSettings): ServerPool {
  const { statementMs } = settings
  const pool = new pg.Pool({
    Client: HangingUpClient,
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    ssl: tlsOf(settings),
    application_name: 'moraine',
    max: settings.connectionsMax,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: settings.connectMs,
    statement_timeout: statementMs,
    lock_timeout: Math.min(statementMs, LOCK_WAIT_MS),
    idle_in_transaction_session_timeout: PAUSE_MS,
    query_timeout: statementMs + ANSWER_MARGIN_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    options: optionsOf(settings),
  })
  // A connection that dies while nobody uses it is replaced by the next that is needed. One that dies in use fails the next
  // statement; its event may come at any moment, also before it is handed out and after it is given up, and would end the
  // process if nobody listened.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    place: serverPlace('postgres', settings),
    begin: (level) => [`start transaction isolation level ${level}`],
    async connect() {
      return connectionOf(await pool.connect(), () => pool.idleCount < settings.idleMax)
    },
    explain: explainPostgres,
    close: () => pool.end(),
  }
}

/** The library leaves a connection open whose login fails on this side: it would last for as long as the server waits. */
class HangingUpClient extends pg.Client {
  override connect(): Promise<pg.Client>
  override connect(callback: (error: Error) => void): void
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
    if (callback === undefined) return super.connect()
    super.connect((error: Error) => {
      if (error instanceof Error) void this.end().catch(() => {})
      callback(error)
    })
    return undefined
  }
}

function tlsOf({ tls, rootCertificate: ca }: ServerSettings) {
  return tls === 'off' ? false : { rejectUnauthorized: tls === 'verified', ...(ca !== undefined && { ca }) }
}

/** A commit is on disk when it is answered, whatever the database does for others. */
function optionsOf({ schema }: ServerSettings): string {
  const always = '-c synchronous_commit=on -c default_transaction_isolation=read\\ committed -c TimeZone=UTC'
  // A blank ends a setting.
  return schema === undefined ? always : `${always} -c search_path=${quoted(schema).replace(/[\\ ]/g, '\\$&')}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

const BIGINT = 20

/** The client library leaves a `bigint` text, for fear of those that no number holds. */
function parserOf(type: number, format?: 'text' | 'binary') {
  return type === BIGINT ? exactInteger : pg.types.getTypeParser(type, format ?? 'text')
}

const COUNTED: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE'])

function connectionOf(client: pg.PoolClient, mayKeep: () => boolean): HeldConnection {
  return {
    async send(sql, parameters) {
      const { command, rowCount, rows } = await client.query<object>(sql, [...parameters])
      if (command === 'COMMIT' || command === 'ROLLBACK') return { rows: [{ command }] }
      return { rows, ...(COUNTED.has(command) && { numAffectedRows: BigInt(rowCount ?? 0) }) }
    },
    release: (isUsable) => client.release(!isUsable || !mayKeep()),
  }
}
