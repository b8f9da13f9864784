/** What group commit needs of a database. */
export type GroupedDatabase = {
  exec(sql: string): void
  /** Whether a transaction is open. SQLite itself ends one on some failures, a full disk among them. */
  readonly isTransaction: boolean
}

/** Of the event loop, for which a group stays open at most. */
const TURNS_MAX = 16

type Group = PromiseWithResolvers<void> & { failure?: { readonly cause: unknown }; joined: number }

/** Of whoever has the database to itself; only that one may end it. */
export type Transaction = { readonly ended: PromiseWithResolvers<void>; readonly group: Group }

/**
 * Group commit: what is written in one turn of the event loop is one transaction of SQLite, so that many callers share one
 * wait for the disk. Each still stands for itself: a statement that fails, or a transaction that is rolled back, takes
 * nothing else with it. Nobody hears of a result before its group is on disk, not even a reader, who may have seen what
 * others of the group wrote; if the group cannot be committed, all of them are told so.
 */
export class WriteGroups {
  readonly #db: GroupedDatabase
  readonly #afterThisTurn: (flush: () => void) => void
  #group: Group | undefined
  /** Ends with the transaction that has the database to itself. */
  #transaction: Transaction | undefined
  #isDue = false

  /** @param afterThisTurn calls back when the work that is there now has been done */
  constructor(db: GroupedDatabase, afterThisTurn: (flush: () => void) => void) {
    this.#db = db
    this.#afterThisTurn = afterThisTurn
  }

  /** Runs one statement outside of transactions. */
  async run<T>(statement: () => T, kind: 'read' | 'write'): Promise<T> {
    while (this.#transaction !== undefined) await this.#transaction.ended.promise
    if (kind === 'read' && this.#group === undefined) return statement()
    const group = this.#enter()
    try {
      return this.#attempt(statement)
    } finally {
      // A refusal, too, may rest on what others of the group wrote.
      await group.promise
    }
  }

  /** Begins a transaction; until it is committed or rolled back only {@link inside} runs statements. */
  async begin(): Promise<Transaction> {
    while (this.#transaction !== undefined) await this.#transaction.ended.promise
    const group = this.#enter()
    this.#attempt(() => this.#db.exec('SAVEPOINT one'))
    this.#transaction = { ended: Promise.withResolvers(), group }
    return this.#transaction
  }

  /** Runs one statement of the transaction. */
  inside<T>({ group: { failure } }: Transaction, statement: () => T): T {
    // SQLite has ended it, and would commit the statement by itself.
    if (failure !== undefined) throw failure.cause
    return this.#attempt(statement)
  }

  async commit(transaction: Transaction): Promise<void> {
    this.inside(transaction, () => this.#db.exec('RELEASE one'))
    this.#end(transaction)
    await transaction.group.promise
  }

  /** Does nothing to a transaction that has ended: its group failed, and another may have begun. */
  async rollback(transaction: Transaction): Promise<void> {
    if (this.#transaction !== transaction) return
    const { group } = transaction
    try {
      if (group.failure === undefined) this.#attempt(() => this.#db.exec('ROLLBACK TO one; RELEASE one'))
    } finally {
      this.#end(transaction)
    }
    // As with a refusal; its own failure says more than that of the group.
    await group.promise.catch(() => {})
  }

  /** Writes what waits; nobody may be in a transaction. */
  flush(): void {
    this.#isDue = false
    const group = this.#group
    if (group === undefined) return
    try {
      this.#db.exec('COMMIT')
      this.#group = undefined
      group.resolve()
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#fail(error)
    }
  }

  #enter(): Group {
    if (this.#group !== undefined) {
      this.#group.joined += 1
      return this.#group
    }
    this.#db.exec('BEGIN')
    const group: Group = { ...Promise.withResolvers<void>(), joined: 1 }
    // Whoever belongs to it hears of its end; there may be nobody left.
    group.promise.catch(() => {})
    this.#group = group
    this.#endAfterQuietTurn(group, { joined: 0, turns: 0 })
    return group
  }

  /** A turn that costs nothing if nothing comes is waited for as long as somebody came in the one before. */
  #endAfterQuietTurn(group: Group, before: { readonly joined: number; readonly turns: number }): void {
    const { joined } = group
    this.#afterThisTurn(() => {
      if (this.#group !== group) return
      const turns = before.turns + 1
      if (group.joined > before.joined && turns < TURNS_MAX) return this.#endAfterQuietTurn(group, { joined, turns })
      if (this.#transaction === undefined) this.flush()
      else this.#isDue = true
    })
  }

  #end(transaction: Transaction): void {
    this.#transaction = undefined
    // Before the next one begins, or a group under load would never end.
    if (this.#isDue) this.flush()
    transaction.ended.resolve()
  }

  #attempt<T>(statement: () => T): T {
    try {
      return statement()
    } catch (error) {
      if (!this.#db.isTransaction) this.#fail(error)
      throw error
    }
  }

  #fail(cause: unknown): void {
    const group = this.#group
    if (group === undefined) return
    this.#group = undefined
    this.#isDue = false
    group.failure = { cause }
    group.reject(cause)
  }
}
