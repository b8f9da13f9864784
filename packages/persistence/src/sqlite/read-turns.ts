/** Rows that are read before others have their turn; a statement counts as some of them. */
const ROWS_PER_TURN = 2000
const STATEMENT_ROWS = 20

/**
 * Has reads give way. A read of SQLite is answered at once, so whoever reads page after page would never let the event loop
 * go on: no socket is served, no timer fires until the last page.
 */
export class ReadTurns {
  readonly #afterThisTurn: (next: () => void) => void
  #spent = 0
  #next: Promise<void> | undefined

  /** @param afterThisTurn calls back when the event loop has gone round */
  constructor(afterThisTurn: (next: () => void) => void) {
    this.#afterThisTurn = afterThisTurn
  }

  /** Comes at once, or in the next turn if this one is spent. */
  async take(): Promise<void> {
    while (this.#spent >= ROWS_PER_TURN) await this.#nextTurn()
  }

  note(rows: number): void {
    this.#spent += rows + STATEMENT_ROWS
    void this.#nextTurn()
  }

  #nextTurn(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#afterThisTurn(() => {
        this.#spent = 0
        this.#next = undefined
        resolve()
      })
    })
    return this.#next
  }
}
