import type { MoraineError } from '@moraine/stdx/error'
import type { QueryResult } from 'kysely'
import type { Trouble } from './database-failure.ts'

/** One connection. Its failures are those of its client library. */
export type HeldConnection = {
  send(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>>
  /** Gives it back, or ends it if it is not known what state it is in. */
  release(isUsable: boolean): void
}

/** Connections to one database. */
export type ServerPool = {
  /** For messages. */
  readonly place: string
  /** What begins a transaction, in statements of their own. */
  begin(level: TransactionLevel): readonly string[]
  connect(): Promise<HeldConnection>
  explain(error: unknown): FailureMeaning
  close(): Promise<void>
}

/**
 * `serializable`: as if alone, for what is decided by rows that are not written. `read committed`: enough where every
 * decision is the guard of a statement that locks the row it is about.
 */
export type TransactionLevel = 'serializable' | 'read committed'

/** What a failure of the client library means. */
export type FailureMeaning = {
  readonly trouble: Trouble
  readonly kind: MoraineError['kind']
  readonly text: string
}
