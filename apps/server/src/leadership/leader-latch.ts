/**
 * Decides among servers whose turn it is to lead. Fences nothing: that does the lease, which whoever has its turn takes
 * next, and under which it writes.
 */
export interface LeaderLatch {
  /**
   * Stands in line, and resolves once it is this server's turn, with a signal that aborts as soon as that may not be so any
   * more. By one caller at a time. Whoever stands in line again while it has its turn gives that up, for it could not lead,
   * and those behind it shall have theirs. Whoever stops to wait has left the line.
   *
   * @throws {MoraineError} `aborted` once `signal` is; what cannot pass by itself otherwise
   */
  waitForTurn(signal: AbortSignal): Promise<AbortSignal>
  /**
   * Whether it is this server's turn at this very moment, by its own clock; if not, the signal has aborted. A process that
   * was stopped for a while may run on before its timers do: whatever must not be done by two asks this first.
   */
  isTurn(): boolean
  /**
   * Tells clients where the leader is, for as long as its turn lasts.
   *
   * @throws {MoraineError} `conflict` if it is not this server's turn, or its turn ends meanwhile
   */
  publish(address: PublishedAddress): Promise<void>
  /** Leaves the line: another has its turn at once, and clients find nobody until then. */
  close(): Promise<void>
}

/** Where clients of Amoro find the services of the leader. */
export type PublishedAddress = {
  readonly host: string
  /** Of the Thrift service of tables; `undefined` where there is none. */
  readonly tableServicePort: number | undefined
  /** Of the Thrift service of optimizing. */
  readonly optimizingPort: number
  /** Of HTTP. */
  readonly restPort: number
}
