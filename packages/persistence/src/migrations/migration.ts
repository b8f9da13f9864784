import type { ColumnDataType, Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/**
 * One numbered step of the schema. Released steps never change. Every statement can be repeated, because not every
 * engine takes back a schema change of a transaction that fails.
 */
export type Migration = {
  readonly version: number
  readonly name: string
  up(db: Kysely<Database>, types: ColumnTypes): Promise<void>
}

/** Column types whose names differ between engines. */
export type ColumnTypes = {
  /** Text of any length. */
  readonly longText: ColumnDataType
}
