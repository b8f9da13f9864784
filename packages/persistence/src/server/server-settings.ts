import type { TlsDemand } from '@moraine/stdx/tls-demand'

/** A database server, and what of it the service takes. Times in milliseconds. */
export type ServerSettings = {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** Never to be shown. */
  readonly password: string
  readonly tls: TlsDemand
  /** Text of the certificates that `verified` trusts instead of those of the system. */
  readonly rootCertificate?: string
  /** PostgreSQL: the schema that holds the tables; without it that of the user's `search_path`. */
  readonly schema?: string
  /** Whether tables are created, and brought up to the version of this server. */
  readonly createsTables: boolean
  readonly connectionsMax: number
  readonly idleMax: number
  /** For a connection while all are in use. */
  readonly waitMs: number
  readonly connectMs: number
  /** For one statement, the wait for locks included. */
  readonly statementMs: number
}

/** For messages: without user, password and parameters. */
export function serverPlace(engine: ServerEngine, { host, port, database }: ServerSettings): string {
  return `${engine}://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

export type ServerEngine = 'postgres' | 'mysql'

/** Locks of the service are held for milliseconds. */
export const LOCK_WAIT_MS = 10_000

/**
 * Between two statements of a transaction. A process that stands still within one, stopped or swapped out, holds what others
 * wait for: before their wait and the leader's lease are over, the database takes it from there.
 */
export const PAUSE_MS = 5000
