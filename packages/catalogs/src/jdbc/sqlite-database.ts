import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Clock } from '@moraine/stdx/clock'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { oneAtATime } from '../one-at-a-time.ts'
import type { JdbcDatabase, JdbcRow, JdbcSession, JdbcStatement } from './jdbc-database.ts'

/**
 * A catalog in a file, which other processes may have open, too. There is one connection, used by one transaction at a
 * time. While another process writes, it is asked again and again without holding up this one.
 *
 * @param options of a file that must exist, none is made
 * @throws {MoraineError} `not-found` if there must be a file and is none; `invalid-input` and the like if there can be none
 */
export function openSqliteDatabase(
  path: string,
  clock: Clock,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): JdbcDatabase {
  const place = `SQLite file ${path}`
  const db = mustExist ? openExisting(path, place) : attempt(place, () => open(path))
  const line = oneAtATime()
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= STATEMENTS_MAX) statements.clear()
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const run = (sql: string) => patiently(clock, place, () => db.exec(sql))
  const session: JdbcSession = {
    query: ({ sql, values }) =>
      patiently(clock, place, () =>
        prepared(sql)
          .all(...values)
          .map(toRow),
      ),
    execute: ({ sql, values }) => patiently(clock, place, () => Number(prepared(sql).run(...values).changes)),
  }
  const transaction = <T>(work: (session: JdbcSession) => Promise<T>): Promise<T> =>
    line(place, async () => {
      // Not deferred: a reader that becomes a writer is refused at once if another has written meanwhile.
      await run('BEGIN IMMEDIATE')
      try {
        const result = await work(session)
        await run('COMMIT')
        return result
      } catch (error) {
        // SQLite itself ends a transaction on some failures, a full disk among them.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    })
  return {
    dialect: 'sqlite',
    place,
    query: (statement) => line(place, () => session.query(statement)),
    execute: (statement: JdbcStatement) => transaction(({ execute }) => execute(statement)),
    transaction,
    close: () => line(place, async () => db.close()),
  }
}

/** Statements kept prepared; those of a catalog are far fewer. */
const STATEMENTS_MAX = 64
const PATIENCE_MS = 30_000
const ASK_AGAIN_MS = 10
const ASK_AGAIN_MS_MAX = 200

// SQLite itself is told to make none: a file that was looked for first may be gone when it is opened.
function openExisting(path: string, place: string): DatabaseSync {
  if (path === ':memory:') return attempt(place, () => open(path))
  const existing = pathToFileURL(path)
  existing.searchParams.set('mode', 'rw')
  try {
    return open(existing)
  } catch (error) {
    if (codeOf(error) !== CANTOPEN) throw sqliteFailure(place, error)
    throw new MoraineError(
      'not-found',
      `there is no ${place}, or none that may be opened, and looking at a catalog makes none; see that the path is right`,
      { cause: error },
    )
  }
}

function open(path: string | URL): DatabaseSync {
  // SQLite's own patience would stop the whole process.
  const db = new DatabaseSync(path, { timeout: 0 })
  db.exec('PRAGMA synchronous = FULL')
  return db
}

function toRow(row: Readonly<Record<string, unknown>>): JdbcRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column.toLowerCase(), value === null ? null : String(value)]),
  )
}

async function patiently<T>(clock: Clock, place: string, ask: () => T): Promise<T> {
  const until = clock.monotonicMs() + PATIENCE_MS
  for (let pauseMs = ASK_AGAIN_MS; ; pauseMs = Math.min(pauseMs * 2, ASK_AGAIN_MS_MAX)) {
    try {
      return ask()
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() > until) throw sqliteFailure(place, error)
    }
    await clock.sleep(pauseMs)
  }
}

function attempt<T>(place: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw sqliteFailure(place, error)
  }
}

const BUSY = 5
const LOCKED = 6
const CANTOPEN = 14

function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as Error & { readonly errcode?: unknown }).errcode : undefined
  // The rest of an extended code says which constraint it was, and so on.
  return typeof code === 'number' ? code & 0xff : undefined
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code === BUSY || code === LOCKED
}

function sqliteFailure(place: string, error: unknown): MoraineError {
  const text = error instanceof Error ? error.message : String(error)
  return new MoraineError(kindOf(codeOf(error), text), `${place}: ${text}`, { cause: error })
}

/** The result codes of SQLite. All but those of the disk mean that nothing was changed. */
function kindOf(code: number | undefined, text: string): ErrorKind {
  if (code === 1 && /already exists|duplicate column/.test(text)) return 'already-exists'
  if (code === 1 && /no such (table|column)/.test(text)) return 'not-found'
  if (code === 19 && /UNIQUE constraint/.test(text)) return 'already-exists'
  return KINDS[code ?? 0] ?? 'internal'
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  3: 'permission',
  [BUSY]: 'conflict',
  [LOCKED]: 'conflict',
  7: 'exhausted',
  8: 'permission',
  10: 'unavailable',
  11: 'corrupt',
  13: 'exhausted',
  [CANTOPEN]: 'invalid-input',
  19: 'invalid-input',
  23: 'permission',
  26: 'corrupt',
}
