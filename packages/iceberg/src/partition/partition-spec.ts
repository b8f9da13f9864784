import type { Literal } from '../value/literal.ts'
import type { Transform } from './transform.ts'

/** How a table's rows are grouped into partitions. A table keeps all its specs; each file names the one it was written with. */
export type PartitionSpec = {
  readonly specId: number
  readonly fields: readonly PartitionField[]
}

/** A spec as a client sends it: the id and the field ids may be left to the catalog. */
export type UnboundPartitionSpec = {
  readonly specId?: number
  readonly fields: readonly (Omit<PartitionField, 'fieldId'> & { readonly fieldId?: number })[]
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

/**
 * Whether a spec tells no rows apart: it has no fields, or only `void` ones, which are left of fields that were dropped.
 * Equality deletes of such a spec apply to all partitions of all specs, as the reference implementation has it.
 */
export function isUnpartitioned(spec: PartitionSpec): boolean {
  return spec.fields.every((field) => field.transform.kind === 'void')
}
