import type { Transform } from '../partition/transform.ts'
import { type TransformFunction, transformFunction, truncateCodePoints } from '../partition/transform-function.ts'
import { type Literal, numberOf, stringOf } from '../value/literal.ts'
import {
  type BoundPredicate,
  type PartitionColumn,
  type PartitionExpression,
  type PartitionPredicate,
  TRUE,
} from './expression.ts'
import { type OrderedTransform, orderedTransform } from './ordered-transform.ts'

/** What holds of a partition value wherever the predicate holds of a row's value; `true` if nothing can be said. */
export function projectInclusive(
  predicate: BoundPredicate,
  transform: Transform,
  ref: PartitionColumn,
): PartitionExpression {
  const source = predicate.ref.type
  switch (transform.kind) {
    case 'void':
    case 'unknown':
      return TRUE
    case 'identity':
      return { ...predicate, ref }
    case 'bucket':
      return throughHash(predicate, ref, transformFunction(transform, source))
    case 'truncate':
      return throughOrder(predicate, ref, orderedTransform(transform, source), transform.width)
    case 'day':
    case 'year':
    case 'month':
    case 'hour': {
      if (source.kind === 'date' && transform.kind === 'day') return { ...predicate, ref }
      return forFormerWriters(throughOrder(predicate, ref, orderedTransform(transform, source)))
    }
  }
}

function throughHash(predicate: BoundPredicate, ref: PartitionColumn, hash: TransformFunction): PartitionExpression {
  return throughNull(predicate, ref) ?? throughEquality(predicate, ref, hash) ?? TRUE
}

function throughOrder(
  predicate: BoundPredicate,
  ref: PartitionColumn,
  transform: OrderedTransform,
  width = 0,
): PartitionExpression {
  const { ordered, before, after, ofStored } = transform
  switch (predicate.op) {
    case 'lt':
      return ofStored({ op: 'lt-eq', ref, value: ordered(before(predicate.value)) })
    case 'lt-eq':
      return ofStored({ op: 'lt-eq', ref, value: ordered(predicate.value) })
    case 'gt':
      return ofStored({ op: 'gt-eq', ref, value: ordered(after(predicate.value)) })
    case 'gt-eq':
      return ofStored({ op: 'gt-eq', ref, value: ordered(predicate.value) })
    case 'starts-with':
      return throughPrefix(predicate.value, ref, width)
    case 'not-starts-with':
      return throughMissingPrefix(predicate.value, ref, width)
    case 'is-null':
    case 'not-null':
    case 'is-nan':
    case 'not-nan':
    case 'eq':
    case 'in':
    case 'not-eq':
    case 'not-in':
      return throughHash(predicate, ref, transform.stored)
  }
}

/** A transformed value is null exactly if the value is. */
export function throughNull(predicate: BoundPredicate, ref: PartitionColumn): PartitionPredicate | undefined {
  return predicate.op === 'is-null' || predicate.op === 'not-null' ? { op: predicate.op, ref } : undefined
}

function throughEquality(
  predicate: BoundPredicate,
  ref: PartitionColumn,
  stored: TransformFunction,
): PartitionPredicate | undefined {
  if (predicate.op === 'eq') return { op: 'eq', ref, value: stored(predicate.value) ?? predicate.value }
  if (predicate.op !== 'in') return undefined
  return { op: 'in', ref, values: predicate.values.map((value) => stored(value) ?? value) }
}

function throughPrefix(prefix: Literal, ref: PartitionColumn, width: number): PartitionExpression {
  const text = stringOf(prefix)
  if (isShorter(text, width)) return { op: 'starts-with', ref, value: text }
  return { op: 'eq', ref, value: truncateCodePoints(text, width) }
}

function throughMissingPrefix(prefix: Literal, ref: PartitionColumn, width: number): PartitionExpression {
  const text = stringOf(prefix)
  if (isShorter(text, width)) return { op: 'not-starts-with', ref, value: text }
  return truncateCodePoints(text, width) === text ? { op: 'not-eq', ref, value: text } : TRUE
}

/** Whether the text has fewer code points than the width. */
export function isShorter(text: string, width: number): boolean {
  return truncateCodePoints(text, width - 1) === text
}

// Version 0.10 of the reference implementation and earlier stored parts of time before 1970 as one too high; their
// partitions must match as well.
function forFormerWriters(projected: PartitionExpression): PartitionExpression {
  if (projected.op === 'lt-eq' && numberOf(projected.value) < 0) {
    return { ...projected, value: numberOf(projected.value) + 1 }
  }
  if (projected.op === 'eq' && numberOf(projected.value) < 0) {
    return { op: 'in', ref: projected.ref, values: withFormer([projected.value]) }
  }
  return projected.op === 'in' ? { ...projected, values: withFormer(projected.values) } : projected
}

/** The parts of time, and what former writers stored in place of those before 1970. */
export function withFormer(values: readonly Literal[]): readonly Literal[] {
  return values.flatMap((value) => (numberOf(value) < 0 ? [value, numberOf(value) + 1] : [value]))
}
