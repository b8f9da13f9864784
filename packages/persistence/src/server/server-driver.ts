import { withinDeadline } from '@moraine/stdx/deadline'
import { type ErrorKind, isKind, MoraineError } from '@moraine/stdx/error'
import { Turns } from '@moraine/stdx/turns'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  type TransactionSettings,
} from 'kysely'
import { databaseFailure } from './database-failure.ts'
import type { HeldConnection, ServerPool } from './server-pool.ts'
import type { ServerSettings } from './server-settings.ts'
import { OF_READING, OF_STATEMENT, type TryAgain, tryAgain } from './try-again.ts'

export type ServerDriverOptions = TryAgain & {
  readonly settings: Pick<ServerSettings, 'connectionsMax' | 'waitMs' | 'connectMs'>
  /**
   * While the service starts, a failure says what is wrong with the settings. Afterwards it is none of the caller's: a
   * password that was changed must not look as if the caller's were wrong.
   */
  readonly isStarting: boolean
}

/** Kysely's way to a database server. Statements outside of transactions are tried again where that is safe. */
export class ServerDriver implements Driver {
  readonly #pool: ServerPool
  readonly #options: ServerDriverOptions
  readonly #turns: Turns

  constructor(pool: ServerPool, options: ServerDriverOptions) {
    this.#pool = pool
    this.#options = options
    this.#turns = new Turns({ limit: options.settings.connectionsMax })
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    const { settings, clock } = this.#options
    if (!(await this.#turns.take({ deadline: { clock, ms: settings.waitMs } }))) {
      const busy = `all ${settings.connectionsMax} connections were in use for ${settings.waitMs} ms`
      const message = `${this.#pool.place}: ${busy}; raise database.connection-pool-max-total`
      throw databaseFailure('no-connection', 'unavailable', message, undefined)
    }
    try {
      const connection = new PooledConnection(this.#pool, this.#options)
      await connection.open()
      return connection
    } catch (error) {
      this.#turns.give()
      throw error
    }
  }

  async beginTransaction(connection: PooledConnection, { isolationLevel }: TransactionSettings): Promise<void> {
    const level = isolationLevel === 'read committed' ? isolationLevel : 'serializable'
    connection.isInTransaction = true
    for (const sql of this.#pool.begin(level)) await connection.command(sql, 'nothing')
  }

  async commitTransaction(connection: PooledConnection): Promise<void> {
    const { rows } = await connection.command('commit', 'anything')
    connection.isInTransaction = false
    // PostgreSQL ends a transaction so if a statement of it had failed.
    if ((rows[0] as { readonly command?: string } | undefined)?.command === 'ROLLBACK') {
      throw new MoraineError('internal', `${this.#pool.place}: a transaction went on after a statement had failed`)
    }
  }

  /** Never fails: what led here says more, and a connection in an unknown state is not used again. */
  async rollbackTransaction(connection: PooledConnection): Promise<void> {
    if (!connection.isUsable) return
    await connection.command('rollback', 'nothing').then(
      () => {
        connection.isInTransaction = false
      },
      () => {
        connection.isUsable = false
      },
    )
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.close()
    this.#turns.give()
  }

  /** The pool outlives it, and is closed by whoever has both. */
  async destroy(): Promise<void> {}
}

class PooledConnection implements DatabaseConnection {
  isInTransaction = false
  isUsable = true
  readonly #pool: ServerPool
  readonly #options: ServerDriverOptions
  #connection: HeldConnection | undefined

  constructor(pool: ServerPool, options: ServerDriverOptions) {
    this.#pool = pool
    this.#options = options
  }

  /** Takes a connection of the pool; one that comes too late goes back to it. */
  async open(): Promise<void> {
    const { clock, settings } = this.#options
    const opening = this.#pool.connect()
    try {
      const limit = { ms: settings.connectMs + 1000, what: 'connecting to the database' }
      this.#connection = await withinDeadline(clock, limit, () => opening)
      this.isUsable = true
    } catch (error) {
      opening.then(
        (late) => late.release(true),
        () => {},
      )
      throw this.#noConnection(error)
    }
  }

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const isRead = SelectQueryNode.is(query)
    const send = () => this.#send(sql, parameters, isRead || this.isInTransaction ? 'nothing' : 'anything')
    // At the start a connection may hold the lock of migrations, which another would not.
    const patience = isRead && !this.#options.isStarting ? OF_READING : OF_STATEMENT
    const result = this.isInTransaction ? await send() : await tryAgain(this.#options, patience, send)
    // Kysely says by its types what the rows of its query are.
    return result as QueryResult<Row>
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }

  command(sql: string, mayHaveDone: 'nothing' | 'anything'): Promise<QueryResult<unknown>> {
    return this.#send(sql, [], mayHaveDone)
  }

  close(): void {
    this.#connection?.release(this.isUsable && !this.isInTransaction)
    this.#connection = undefined
  }

  /** @param mayHaveDone by a statement whose answer is lost */
  async #send(
    sql: string,
    parameters: readonly unknown[],
    mayHaveDone: 'nothing' | 'anything',
  ): Promise<QueryResult<unknown>> {
    // Only outside of transactions is there another try on a connection that was lost.
    if (!this.isUsable && !this.isInTransaction) {
      this.close()
      await this.open()
    }
    if (this.#connection === undefined) throw new MoraineError('internal', `${this.#pool.place}: no connection is open`)
    try {
      return await this.#connection.send(sql, parameters)
    } catch (error) {
      throw this.#failure(error, mayHaveDone)
    }
  }

  #failure(error: unknown, mayHaveDone: 'nothing' | 'anything'): MoraineError {
    const { place } = this.#pool
    const { trouble, kind, text } = this.#pool.explain(error)
    if (trouble !== 'lost') return databaseFailure(trouble, this.#told(kind), `${place}: ${text}`, error)
    this.isUsable = false
    if (mayHaveDone === 'nothing') return databaseFailure('lost', kind, `${place}: ${text}`, error)
    const message = `${place}: the answer to a change was lost, and it may have been made: ${text}`
    return databaseFailure('unknown', kind, message, error)
  }

  #noConnection(error: unknown): MoraineError {
    const { place } = this.#pool
    const explained = isKind(error, 'timeout') ? undefined : this.#pool.explain(error)
    const text = explained?.text ?? `no connection within ${this.#options.settings.connectMs} ms`
    const kind = this.#options.isStarting ? (explained?.kind ?? 'unavailable') : 'unavailable'
    return databaseFailure('no-connection', kind, `${place}: ${text}`, error)
  }

  #told(kind: ErrorKind): ErrorKind {
    return this.#options.isStarting || !OF_SETTINGS.has(kind) ? kind : 'internal'
  }
}

/** Kinds that would be about whoever asks the service. */
const OF_SETTINGS: ReadonlySet<ErrorKind> = new Set(['permission', 'unauthenticated', 'not-found'])
