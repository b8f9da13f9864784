import { mysqlParts } from '@moraine/persistence/mysql/mysql-parts'
import { openMysql } from '@moraine/persistence/mysql/open-mysql'
import { openPostgres } from '@moraine/persistence/postgres/open-postgres'
import { POSTGRES_PARTS } from '@moraine/persistence/postgres/postgres-parts'
import { ServerDatabase } from '@moraine/persistence/server/server-database'
import type { ServerEngine, ServerSettings } from '@moraine/persistence/server/server-settings'
import { parseServerUrl } from '@moraine/persistence/server/server-url'
import type { OpenDatabase } from '@moraine/persistence/sqlite/open-sqlite'
import type { RawDatabase } from '@moraine/persistence/testing/migrations-conformance'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { type DatabaseServer, startDatabaseServer } from '../jdbc/database-server.ts'
import type { Started } from '../lab/json-lines-worker.ts'

/** A database server that runs, and databases in it. */
export type LabDatabase = {
  readonly engine: ServerEngine
  readonly server: DatabaseServer
  /** An empty database with a name of its own. */
  create(): Promise<ServerSettings>
  /** Runs statements as an administrator, past the service. */
  run(settings: ServerSettings, ...statements: readonly string[]): Promise<readonly object[]>
  open(settings: ServerSettings): Promise<OpenDatabase>
  /** Without any tables. */
  openRaw(settings: ServerSettings): Promise<RawDatabase>
}

export const ENGINES: readonly ServerEngine[] = ['postgres', 'mysql']

/** @param name of the server; another process may run others */
export function startLabDatabase(engine: ServerEngine, name: string): Started<LabDatabase> {
  const started = startDatabaseServer(engine === 'postgres' ? 'postgres' : 'mariadb', name)
  if (started.kind === 'unavailable') return started
  const server = started.engine
  const { uri = '', 'jdbc.user': user = '', 'jdbc.password': password = '' } = server.properties
  const base: ServerSettings = { ...parseServerUrl(engine, uri), user, password, ...LIMITS }
  let databases = 0
  const run = engine === 'postgres' ? runPostgres : runMysql
  const lab: LabDatabase = {
    engine,
    server,
    async create() {
      databases += 1
      const database = `moraine_${databases}`
      await run(base, `create database ${database}`)
      return { ...base, database }
    },
    run,
    open: (settings) => openEngine(engine, settings),
    async openRaw(settings) {
      const parts = engine === 'postgres' ? POSTGRES_PARTS : await mysqlParts(settings, SURROUNDINGS)
      const options = { settings, isStarting: true, ...SURROUNDINGS }
      const db = new ServerDatabase(parts.pool(settings), parts.dialect, options)
      return { db, types: parts.types, close: () => db.destroy() }
    },
  }
  return { kind: 'started', engine: lab }
}

export function openEngine(engine: ServerEngine, settings: ServerSettings): Promise<OpenDatabase> {
  return engine === 'postgres' ? openPostgres(settings, SURROUNDINGS) : openMysql(settings, SURROUNDINGS)
}

const SURROUNDINGS = { clock: systemClock, random: systemRandom }

const LIMITS = {
  createsTables: true,
  connectionsMax: 12,
  idleMax: 8,
  waitMs: 10_000,
  connectMs: 5000,
  statementMs: 20_000,
} as const

async function runPostgres(settings: ServerSettings, ...statements: readonly string[]): Promise<readonly object[]> {
  const { host, port, database, user, password } = settings
  const client = new pg.Client({ host, port, database, user, password })
  await client.connect()
  try {
    let rows: readonly object[] = []
    for (const statement of statements) rows = (await client.query<object>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

async function runMysql(settings: ServerSettings, ...statements: readonly string[]): Promise<readonly object[]> {
  const { host, port, database, user, password } = settings
  const connection = await createConnection({ host, port, database, user, password })
  try {
    let rows: readonly object[] = []
    for (const statement of statements) {
      const [answer] = await connection.query(statement)
      rows = Array.isArray(answer) ? (answer as readonly object[]) : []
    }
    return rows
  } finally {
    await connection.end()
  }
}
