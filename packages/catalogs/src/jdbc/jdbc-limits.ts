/** What a catalog may take of a database server that others use, too, and how long it waits for it. */
export const JDBC_LIMITS = {
  connectionsMax: 8,
  idleMs: 60_000,
  connectMs: 15_000,
  /** For another transaction's lock on the same row, which a commit holds for milliseconds. */
  lockMs: 10_000,
  statementMs: 30_000,
  /** For any answer at all. */
  answerMs: 40_000,
} as const
