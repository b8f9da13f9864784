import type { Literal } from '../value/literal.ts'
import type { Transform } from './transform.ts'

/** How a table's rows are grouped into partitions. A table keeps all its specs; each file names the one it was written with. */
export type PartitionSpec = {
  readonly specId: number
  readonly fields: readonly PartitionField[]
}

export type PartitionField = {
  readonly fieldId: number
  /** Ids of the source columns; one for every transform of spec v1 to v3, more are reserved for multi-argument transforms. */
  readonly sourceIds: readonly number[]
  readonly name: string
  readonly transform: Transform
}

/** The partition of one file: the transformed values in the order of its spec's fields. */
export type PartitionTuple = readonly (Literal | null)[]
