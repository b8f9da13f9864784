import { MoraineError } from '@moraine/stdx/error'

/** What of a server decides how it is spoken to. */
export type MysqlServer = {
  readonly isMariaDb: boolean
  /** One in which texts are equal only if they are the same, blanks at the end included. */
  readonly collation: string
}

/**
 * @param version as the server says it: `8.4.3`, `11.4.5-MariaDB-log`
 * @throws {MoraineError} `unsupported` for one without JSON_TABLE or an exact collation
 */
export function mysqlServer(version: string): MysqlServer {
  const isMariaDb = /mariadb/i.test(version)
  // Some put the version of MySQL that they once were compatible with before their own.
  const numbers = (isMariaDb ? version.replace(/^5\.5\.5-/, '') : version).split(/[.-]/).map(Number)
  const needed = isMariaDb ? [10, 6, 0] : [8, 0, 17]
  if (!isAtLeast(numbers, needed)) {
    const engine = isMariaDb ? 'MariaDB' : 'MySQL'
    throw new MoraineError(
      'unsupported',
      `the database is ${engine} ${version}; at least ${needed.join('.')} is needed`,
    )
  }
  return { isMariaDb, collation: isMariaDb ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin' }
}

function isAtLeast(numbers: readonly number[], needed: readonly number[]): boolean {
  for (const [place, least] of needed.entries()) {
    const number = numbers[place] ?? 0
    if (number !== least) return number > least
  }
  return true
}
