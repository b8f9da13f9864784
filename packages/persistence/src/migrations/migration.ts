import type { ColumnDataType, Kysely, RawBuilder } from 'kysely'
import type { Database } from '../schema.ts'

/**
 * One numbered step of the schema. Released steps never change. Every statement can be repeated, because not every
 * engine takes back a schema change of a transaction that fails.
 */
export type Migration = {
  readonly version: number
  readonly name: string
  /** Tables that hold nothing but what follows from others, and are filled anew. */
  readonly remakes?: readonly string[]
  up(db: Kysely<Database>, types: ColumnTypes): Promise<void>
}

/** Column types whose names differ between engines. */
export type ColumnTypes = {
  /** Text of any length. */
  readonly longText: ColumnDataType | RawBuilder<unknown>
}
