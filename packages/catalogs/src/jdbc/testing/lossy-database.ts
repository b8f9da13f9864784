import { MoraineError } from '@moraine/stdx/error'
import type { JdbcDatabase } from '../jdbc-database.ts'

/** A database whose connection can be lost with the next commit to a table. */
export type LossyDatabase = JdbcDatabase & { loseNext(what: 'answer' | 'request'): void }

export function lossyDatabase(database: JdbcDatabase): LossyDatabase {
  let losing: 'answer' | 'request' | undefined
  return {
    ...database,
    async execute(statement) {
      if (losing === undefined || !statement.sql.startsWith('UPDATE iceberg_tables')) return database.execute(statement)
      const lost = losing
      losing = undefined
      if (lost === 'answer') await database.execute(statement)
      throw new MoraineError('unavailable', `${database.place}: the connection was lost`)
    },
    loseNext(what) {
      losing = what
    },
  }
}
