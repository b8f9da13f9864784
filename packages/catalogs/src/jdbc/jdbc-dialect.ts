import { type JdbcDialectName, type JdbcStatement, jdbc, jdbcLength, jdbcText } from './jdbc-database.ts'

// In what the databases differ for the statements of a catalog. Names of columns come from the schema, never from outside.

/** Rows in which each column is exactly the value. */
export function jdbcWhere(dialect: JdbcDialectName, columns: Readonly<Record<string, string>>): JdbcStatement {
  const conditions = Object.entries(columns).map(([column, value]) => sameText(dialect, jdbcText(column), value))
  return conditions.reduce((all, each) => jdbc`${all} AND ${each}`)
}

/** Rows whose column begins with the value. `LIKE` looks past case in some databases, and its signs need escapes. */
export function jdbcBeginsWith(dialect: JdbcDialectName, column: string, prefix: string): JdbcStatement {
  return sameText(dialect, jdbcText(`SUBSTR(${column}, 1, ${jdbcLength(prefix)})`), prefix)
}

/** What comes after the first `length` signs of the column, up to the next dot. */
export function jdbcNextLevel(dialect: JdbcDialectName, column: string, length: number): JdbcStatement {
  const rest = length === 0 ? column : `SUBSTR(${column}, ${length + 1})`
  switch (dialect) {
    case 'sqlite':
      return jdbcText(`SUBSTR(${rest}, 1, INSTR(${rest} || '.', '.') - 1)`)
    case 'postgresql':
      return jdbcText(`SPLIT_PART(${rest}, '.', 1)`)
    case 'mysql':
      return jdbcText(`CONVERT(SUBSTRING_INDEX(${rest}, '.', 1) USING utf8mb4) COLLATE utf8mb4_bin`)
  }
}

/** Locks the rows that a statement finds until the transaction ends. SQLite locks the whole file anyway. */
export function jdbcForUpdate(dialect: JdbcDialectName): JdbcStatement {
  return jdbcText(dialect === 'sqlite' ? '' : ' FOR UPDATE')
}

/** What is said of columns where a database would by itself take names for the same that are not. */
export function jdbcTableOptions(dialect: JdbcDialectName): string {
  return dialect === 'mysql' ? ' ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : ''
}

/**
 * MySQL takes `Orders` for `orders` and `a ` for `a` unless a table says otherwise, and those made by others do not. The
 * first comparison finds the row by its key, the second is exact.
 */
function sameText(dialect: JdbcDialectName, text: JdbcStatement, value: string): JdbcStatement {
  if (dialect !== 'mysql') return jdbc`${text} = ${value}`
  return jdbc`(${text} = ${value} AND CAST(CONVERT(${text} USING utf8mb4) AS BINARY) = CAST(${value} AS BINARY))`
}
