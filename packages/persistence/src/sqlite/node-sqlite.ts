import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { QueryResult } from 'kysely'
import type { GroupedDatabase } from './write-groups.ts'

/** Statements kept prepared; the queries of the stores are far fewer. */
const STATEMENTS_MAX = 256

/** One open database. Failures are `MoraineError`s that name the file. */
export type NodeSqlite = GroupedDatabase & {
  execute<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row>
  close(): void
}

/** Whether it returns rows is asked once: a description of its columns costs more than most statements do. */
type PreparedStatement = { readonly statement: StatementSync; readonly returnsRows: boolean }

/**
 * Node's SQLite. The file is locked for as long as it is open: two services on one file would both believe that they
 * lead. Commits are on disk when they return.
 *
 * @throws {MoraineError} `conflict` if another process has it open.
 */
export function nodeSqlite(path: string): NodeSqlite {
  const fail = (cause: unknown): never => {
    throw databaseError(path, cause)
  }
  const db = attempt(() => open(path), fail)
  const statements = new Map<string, PreparedStatement>()
  const prepare = (sql: string): PreparedStatement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= STATEMENTS_MAX) statements.clear()
    const statement = db.prepare(sql)
    const prepared = { statement, returnsRows: statement.columns().length > 0 }
    statements.set(sql, prepared)
    return prepared
  }
  return {
    close: () => db.close(),
    exec: (sql) => attempt(() => db.exec(sql), fail),
    get isTransaction() {
      return db.isTransaction
    },
    execute: <Row>(sql: string, parameters: readonly unknown[]) =>
      attempt(() => {
        const { statement, returnsRows } = prepare(sql)
        // Kysely says by its types what the rows of its query are.
        if (returnsRows) return { rows: statement.all(...bound(parameters)) as Row[] }
        const { changes } = statement.run(...bound(parameters))
        return { numAffectedRows: BigInt(changes), rows: [] }
      }, fail),
  }
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 500 })
  try {
    db.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE; COMMIT')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

// Kysely hands over what the stores gave it: text, numbers and null.
function bound(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[]
}

function attempt<T>(action: () => T, fail: (cause: unknown) => never): T {
  try {
    return action()
  } catch (cause) {
    return fail(cause)
  }
}

// SQLite's primary result codes (https://www.sqlite.org/rescode.html).
const CODES: Readonly<Record<number, { readonly kind: ErrorKind; readonly remedy: string }>> = {
  5: { kind: 'conflict', remedy: 'another process has it open; stop that one first' },
  6: { kind: 'conflict', remedy: 'another process has it open; stop that one first' },
  8: { kind: 'permission', remedy: 'it cannot be written; check the rights of the file and its directory' },
  10: { kind: 'unavailable', remedy: 'reading or writing failed; check the disk' },
  11: { kind: 'corrupt', remedy: 'the file is damaged; restore it from a backup' },
  13: { kind: 'exhausted', remedy: 'the disk is full; make room' },
  14: { kind: 'permission', remedy: 'it cannot be opened; check that its directory exists and can be written' },
  26: { kind: 'corrupt', remedy: 'the file is not an SQLite database; move it away' },
}

function databaseError(path: string, cause: unknown): MoraineError {
  const code = typeof cause === 'object' && cause !== null && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0
  const known = CODES[code]
  return known === undefined
    ? new MoraineError('internal', `database ${path}: unexpected failure`, { cause })
    : new MoraineError(known.kind, `database ${path}: ${known.remedy}`, { cause })
}
