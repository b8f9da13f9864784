import { Turns } from '@moraine/stdx/turns'
import type { DatabaseIntrospector } from 'kysely'
import { type Dialect, type DialectAdapter, Kysely, type QueryCompiler, type TransactionBuilder } from 'kysely'
import type { Database } from '../schema.ts'
import { ServerDriver, type ServerDriverOptions } from './server-driver.ts'
import type { ServerPool } from './server-pool.ts'
import { OF_TRANSACTION, tryAgain } from './try-again.ts'

/** In what the SQL of an engine differs. */
export type ServerDialect = {
  createAdapter(): DialectAdapter
  createQueryCompiler(): QueryCompiler
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector
}

/**
 * Kysely over a pool. Transactions are serializable unless they ask for less, and are made again as a whole if others
 * were in the way: what they do besides statements has to bear that.
 */
export class ServerDatabase extends Kysely<Database> {
  readonly #pool: ServerPool
  readonly #turns = new Turns({ limit: 1 })
  #end: Promise<void> | undefined
  readonly #options: ServerDriverOptions

  constructor(pool: ServerPool, dialect: ServerDialect, options: ServerDriverOptions) {
    const whole: Dialect = {
      createDriver: () => new ServerDriver(pool, options),
      createAdapter: () => dialect.createAdapter(),
      createQueryCompiler: () => dialect.createQueryCompiler(),
      createIntrospector: (db) => dialect.createIntrospector(db),
    }
    super({ dialect: whole })
    this.#pool = pool
    this.#options = options
  }

  override transaction(): TransactionBuilder<Database> {
    return this.#again(super.transaction())
  }

  /** Kysely tells its driver only if it was used, and a pool has timers from the first. May be called again. */
  override destroy(): Promise<void> {
    this.#end ??= super.destroy().then(() => this.#pool.close())
    return this.#end
  }

  #again(builder: TransactionBuilder<Database>): TransactionBuilder<Database> {
    const once = builder.execute.bind(builder)
    const setIsolationLevel = builder.setIsolationLevel.bind(builder)
    const execute: TransactionBuilder<Database>['execute'] = (work) =>
      tryAgain(this.#options, OF_TRANSACTION, () => once(work), this.#turns)
    return Object.assign(builder, {
      execute,
      setIsolationLevel: (level: Parameters<typeof setIsolationLevel>[0]) => this.#again(setIsolationLevel(level)),
    })
  }
}
