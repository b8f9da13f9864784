import { isKind, MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import { type JdbcDatabase, type JdbcDialectName, type JdbcRow, type JdbcSession, jdbcText } from './jdbc-database.ts'

/** One connection of a pool. Its failures are those of its driver. */
export type PooledConnection = JdbcSession & {
  /** Gives it back, or ends it if what became of its last statement is open. */
  release(isUsable: boolean): void
}

export type ConnectionPool = {
  readonly dialect: JdbcDialectName
  readonly place: string
  connect(): Promise<PooledConnection>
  failure(error: unknown): MoraineError
  close(): Promise<void>
}

/** A database behind a pool of connections. */
export function pooledDatabase(pool: ConnectionPool): JdbcDatabase {
  const failureOf = (error: unknown) => (error instanceof MoraineError ? error : pool.failure(error))
  const changeFailureOf = (error: unknown) => {
    const failure = failureOf(error)
    if (isAnswer(failure)) return failure
    return outcomeUnknown(`the answer to a change was lost, and it may have been made: ${failure.message}`, failure)
  }
  const use = async <T>(work: (connection: PooledConnection) => Promise<T>): Promise<T> => {
    const connection = await told(() => pool.connect(), failureOf)
    let isUsable = true
    try {
      return await work(connection)
    } catch (error) {
      const failure = failureOf(error)
      isUsable = isAnswer(failure)
      throw failure
    } finally {
      connection.release(isUsable)
    }
  }
  return {
    dialect: pool.dialect,
    place: pool.place,
    query: (statement) => readAgain(() => use((connection) => connection.query(statement))),
    execute: (statement) => use((connection) => told(() => connection.execute(statement), changeFailureOf)),
    async transaction(work) {
      const connection = await told(() => pool.connect(), failureOf)
      // A connection of which it is not known whether it is within a transaction does not go back.
      let isUsable = false
      const session: JdbcSession = {
        query: (statement) => told(() => connection.query(statement), failureOf),
        execute: (statement) => told(() => connection.execute(statement), failureOf),
      }
      const command = (sql: string) => session.execute(jdbcText(sql))
      try {
        await command('START TRANSACTION')
        const result = await work(session).catch(async (error: unknown) => {
          isUsable = await command('ROLLBACK').then(
            () => true,
            () => false,
          )
          throw error
        })
        await told(() => connection.execute(jdbcText('COMMIT')), changeFailureOf)
        isUsable = true
        return result
      } finally {
        connection.release(isUsable)
      }
    },
    close: () => pool.close(),
  }
}

/** A server that was started again has left dead connections in the pool. */
async function readAgain(read: () => Promise<readonly JdbcRow[]>): Promise<readonly JdbcRow[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      if (attempt === READS_MAX || !isKind(error, 'unavailable')) throw error
    }
  }
}

const READS_MAX = 3

/** With the failures of the driver told as those of the port. */
async function told<T>(run: () => Promise<T>, failureOf: (error: unknown) => MoraineError): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw failureOf(error)
  }
}

/** Whether the server said so itself, and is ready for the next statement. */
function isAnswer({ kind }: MoraineError): boolean {
  return kind !== 'unavailable' && kind !== 'timeout'
}
