import type { Transform } from '../partition/transform.ts'
import { type TransformFunction, transformFunction, truncateCodePoints } from '../partition/transform-function.ts'
import { type Literal, numberOf, stringOf } from '../value/literal.ts'
import { type BoundPredicate, FALSE, type PartitionColumn, type PartitionExpression } from './expression.ts'
import { type OrderedTransform, orderedTransform } from './ordered-transform.ts'
import { isShorter, throughNull, withFormer } from './project-inclusive.ts'

/** What holds of a partition value only if the predicate holds of every value in the partition; `false` if nothing. */
export function projectStrict(
  predicate: BoundPredicate,
  transform: Transform,
  ref: PartitionColumn,
): PartitionExpression {
  const source = predicate.ref.type
  switch (transform.kind) {
    case 'void':
    case 'unknown':
      return FALSE
    case 'identity':
      return { ...predicate, ref }
    case 'bucket':
      return throughDifference(predicate, ref, transformFunction(transform, source))
    case 'truncate':
      return throughOrder(predicate, ref, orderedTransform(transform, source), transform.width)
    case 'day':
    case 'year':
    case 'month':
    case 'hour': {
      if (source.kind === 'date' && transform.kind === 'day') return { ...predicate, ref }
      return despiteFormerWriters(throughOrder(predicate, ref, orderedTransform(transform, source)))
    }
  }
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
      return ofStored({ op: 'lt', ref, value: ordered(predicate.value) })
    case 'lt-eq':
      return ofStored({ op: 'lt', ref, value: ordered(after(predicate.value)) })
    case 'gt':
      return ofStored({ op: 'gt', ref, value: ordered(predicate.value) })
    case 'gt-eq':
      return ofStored({ op: 'gt', ref, value: ordered(before(predicate.value)) })
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
      return throughDifference(predicate, ref, transform.stored)
  }
}

// Equal partition values do not make equal values, but different ones make different values.
function throughDifference(
  predicate: BoundPredicate,
  ref: PartitionColumn,
  stored: TransformFunction,
): PartitionExpression {
  if (predicate.op === 'not-eq') return { op: 'not-eq', ref, value: stored(predicate.value) ?? predicate.value }
  if (predicate.op === 'not-in') {
    return { op: 'not-in', ref, values: predicate.values.map((value) => stored(value) ?? value) }
  }
  return throughNull(predicate, ref) ?? FALSE
}

function throughPrefix(prefix: Literal, ref: PartitionColumn, width: number): PartitionExpression {
  const text = stringOf(prefix)
  if (isShorter(text, width)) return { op: 'starts-with', ref, value: text }
  return truncateCodePoints(text, width) === text ? { op: 'eq', ref, value: text } : FALSE
}

function throughMissingPrefix(prefix: Literal, ref: PartitionColumn, width: number): PartitionExpression {
  const text = stringOf(prefix)
  if (isShorter(text, width)) return { op: 'not-starts-with', ref, value: text }
  return { op: 'not-eq', ref, value: truncateCodePoints(text, width) }
}

// See projectInclusive: a stored part of time before 1970 may be one too high.
function despiteFormerWriters(projected: PartitionExpression): PartitionExpression {
  if (projected.op === 'gt' && numberOf(projected.value) < 0) {
    return { ...projected, value: numberOf(projected.value) + 1 }
  }
  if (projected.op === 'not-eq') return { op: 'not-in', ref: projected.ref, values: withFormer([projected.value]) }
  return projected.op === 'not-in' ? { ...projected, values: withFormer(projected.values) } : projected
}
