import type { PartitionTuple } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals, isOrdered } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { encodeSingleValue } from '../value/single-value.ts'
import type { FieldSummary } from './manifest-file.ts'

/** Collects the bounds of each partition field over a manifest's files (table spec, "field_summary"). */
export class PartitionSummary {
  readonly #fields: readonly FieldBounds[]
  #last: PartitionTuple | undefined

  constructor(partitionTypes: readonly PrimitiveType[]) {
    this.#fields = partitionTypes.map((type) => ({
      type,
      containsNull: false,
      containsNan: false,
      lower: undefined,
      upper: undefined,
    }))
  }

  add(partition: PartitionTuple): void {
    if (partition === this.#last) return
    this.#last = partition
    for (const [at, field] of this.#fields.entries()) widen(field, partition[at] ?? null)
  }

  toSummaries(): readonly FieldSummary[] {
    return this.#fields.map(({ type, containsNull, containsNan, lower, upper }) => ({
      containsNull,
      containsNan,
      ...(lower !== undefined && { lowerBound: encodeSingleValue(type, lower) }),
      ...(upper !== undefined && { upperBound: encodeSingleValue(type, upper) }),
    }))
  }
}

type FieldBounds = {
  readonly type: PrimitiveType
  containsNull: boolean
  containsNan: boolean
  lower: Literal | undefined
  upper: Literal | undefined
}

function widen(field: FieldBounds, value: Literal | null): void {
  if (value === null) field.containsNull = true
  else if (Number.isNaN(value)) field.containsNan = true
  else if (isOrdered(field.type)) {
    if (field.lower === undefined || compareLiterals(field.type, value, field.lower) < 0) field.lower = value
    if (field.upper === undefined || compareLiterals(field.type, value, field.upper) > 0) field.upper = value
  }
}
