/**
 * What a catalog needs of a relational database. Statements have `?` where a value goes. All values are text.
 *
 * Failures are `MoraineError`s whose kind says what became of the statement. Nothing was changed: `already-exists` (a
 * key is taken), `conflict` (others were in the way: a deadlock, a lock not got in time), `not-found` (no such table or
 * column), `invalid-input`, `permission`, `exhausted`, `corrupt`. Nobody knows: `unavailable` (the connection was
 * lost or not made), `timeout`.
 */
export interface JdbcDatabase {
  readonly dialect: JdbcDialectName
  /** Where it is, for messages: without user, password and parameters. */
  readonly place: string
  /** Reads; made again on another connection if one turns out to be dead. */
  query(statement: JdbcStatement): Promise<readonly JdbcRow[]>
  /** Makes one change, and returns the number of rows that it was about, whether or not it made them different. */
  execute(statement: JdbcStatement): Promise<number>
  /** All that `work` does happens together, or not at all if it throws. */
  transaction<T>(work: (session: JdbcSession) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Statements of one transaction. */
export type JdbcSession = Pick<JdbcDatabase, 'query' | 'execute'>

export type JdbcDialectName = 'sqlite' | 'postgresql' | 'mysql'

export type JdbcStatement = { readonly sql: string; readonly values: readonly string[] }

/** By column, in lower case. */
export type JdbcRow = Readonly<Record<string, string | null>>

/**
 * Makes a statement. Parts that are statements themselves are put in place with their values; others are values. Names of
 * columns and the like are not values and are joined to the text: they never come from outside.
 */
export function jdbc(texts: TemplateStringsArray, ...parts: readonly (string | JdbcStatement)[]): JdbcStatement {
  const values: string[] = []
  let sql = texts[0] ?? ''
  for (const [at, part] of parts.entries()) {
    if (typeof part === 'string') {
      sql += '?'
      values.push(part)
    } else {
      sql += part.sql
      values.push(...part.values)
    }
    sql += texts[at + 1] ?? ''
  }
  return { sql, values }
}

/** Text of a statement that is the same whatever is asked. */
export function jdbcText(sql: string): JdbcStatement {
  return { sql, values: [] }
}

/** Of a text, as databases count it: in code points. */
export function jdbcLength(text: string): number {
  return Array.from(text).length
}
