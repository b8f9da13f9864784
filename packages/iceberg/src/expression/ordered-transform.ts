import type { Transform } from '../partition/transform.ts'
import { type TransformFunction, transformFunction } from '../partition/transform-function.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { floorDiv } from '../value/iso-time.ts'
import { bigintOf, type Literal, numberOf } from '../value/literal.ts'
import { allOf, anyOf, type PartitionColumn, type PartitionExpression, type PartitionPredicate } from './expression.ts'
import { matchesValue } from './matches-value.ts'

/** A transform that keeps the order of values: `truncate` and the parts of time. */
export type OrderedTransform = {
  /** The partition value as it is stored. */
  readonly stored: TransformFunction
  /** The partition value in order: never out of it, as stored ones may be. */
  readonly ordered: (value: Literal) => Literal
  /** The nearest value of the column below or above; the value itself where columns are not counted in units. */
  readonly before: (value: Literal) => Literal
  readonly after: (value: Literal) => Literal
  /** A range of ordered partition values as one of stored values. */
  readonly ofStored: (range: PartitionPredicate) => PartitionExpression
}

export function orderedTransform(transform: Transform, source: PrimitiveType): OrderedTransform {
  const stored = transformFunction(transform, source)
  const isIntegral = source.kind === 'int' || source.kind === 'long'
  if (transform.kind !== 'truncate' || !isIntegral) {
    const ordered = (value: Literal) => stored(value) ?? value
    return { stored, ordered, ...neighbours(source), ofStored: (range) => range }
  }
  const ordered =
    source.kind === 'int'
      ? (value: Literal) => Math.floor(numberOf(value) / transform.width) * transform.width
      : (value: Literal) => floorDiv(bigintOf(value), BigInt(transform.width)) * BigInt(transform.width)
  const lowest = ordered(source.kind === 'int' ? -(2 ** 31) : -(2n ** 63n))
  return { stored, ordered, ...neighbours(source), ofStored: wrapping(lowest, source) }
}

// The lowest truncated value lies below the type's range and is stored as one near its upper end.
function wrapping(lowest: Literal, source: PrimitiveType): OrderedTransform['ofStored'] {
  const wrapped = source.kind === 'int' ? numberOf(lowest) | 0 : BigInt.asIntN(64, bigintOf(lowest))
  if (wrapped === lowest) return (range) => range
  return (range) => {
    const ref: PartitionColumn = range.ref
    return matchesValue(range, lowest)
      ? anyOf([range, { op: 'eq', ref, value: wrapped }])
      : allOf([range, { op: 'not-eq', ref, value: wrapped }])
  }
}

function neighbours({ kind }: PrimitiveType): Pick<OrderedTransform, 'before' | 'after'> {
  if (kind === 'string' || kind === 'binary') return { before: (value) => value, after: (value) => value }
  if (kind === 'int' || kind === 'date') {
    return { before: (value) => numberOf(value) - 1, after: (value) => numberOf(value) + 1 }
  }
  return { before: (value) => bigintOf(value) - 1n, after: (value) => bigintOf(value) + 1n }
}
