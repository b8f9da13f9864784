import type { NestedField } from './type.ts'

/** One version of a table's columns. Columns are known by id; names may change and repeat across versions. */
export type Schema = {
  readonly schemaId: number
  readonly fields: readonly NestedField[]
  readonly identifierFieldIds: readonly number[]
}
