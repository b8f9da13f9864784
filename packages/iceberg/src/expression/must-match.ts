import { unreachable } from '@moraine/stdx/assert'
import { compareUtf8 } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import type { ColumnFacts } from './column-facts.ts'
import { compareValues, hasPrefix } from './compare-values.ts'
import type { Predicate } from './expression.ts'

/** Whether every value of the column satisfies the predicate; true only if that is certain (strict). */
export function mustMatch<Ref>(predicate: Predicate<Ref, Literal>, facts: ColumnFacts): boolean {
  switch (predicate.op) {
    case 'is-null':
      return !facts.mayBeValue
    case 'not-null':
      return !facts.mayBeNull
    case 'is-nan':
      return !facts.mayBeNull && !facts.mayBeOrdered
    case 'not-nan':
      return !facts.mayBeNan
    case 'eq':
      return isOneOf(facts, [predicate.value])
    case 'in':
      return isOneOf(facts, predicate.values)
    case 'not-eq':
      return isNever(facts, predicate.value)
    case 'not-in':
      return predicate.values.every((value) => isNever(facts, value))
    case 'lt':
      return isBounded(facts) && facts.upper !== undefined && order(facts, facts.upper, predicate.value) < 0
    case 'lt-eq':
      return isBounded(facts) && facts.upper !== undefined && order(facts, facts.upper, predicate.value) <= 0
    case 'gt':
      return isBounded(facts) && facts.lower !== undefined && order(facts, facts.lower, predicate.value) > 0
    case 'gt-eq':
      return isBounded(facts) && facts.lower !== undefined && order(facts, facts.lower, predicate.value) >= 0
    case 'starts-with':
      return isBounded(facts) && hasPrefix(facts.lower, predicate.value) && hasPrefix(facts.upper, predicate.value)
    case 'not-starts-with':
      return !facts.mayBeOrdered || isClearOf(facts, predicate.value)
    default:
      return unreachable(predicate)
  }
}

function order({ type }: ColumnFacts, a: Literal, b: Literal): number {
  return compareValues(type, a, b)
}

// Whether the bounds hold for every value.
function isBounded(facts: ColumnFacts): boolean {
  return !facts.mayBeNull && !facts.mayBeNan
}

function isOneOf(facts: ColumnFacts, values: readonly Literal[]): boolean {
  const { lower, upper } = facts
  if (!isBounded(facts) || lower === undefined || upper === undefined || order(facts, lower, upper) !== 0) return false
  return values.some((value) => order(facts, lower, value) === 0)
}

// Nulls and NaN differ from every value.
function isNever(facts: ColumnFacts, value: Literal): boolean {
  const { lower, upper } = facts
  return (
    !facts.mayBeOrdered ||
    (lower !== undefined && order(facts, lower, value) > 0) ||
    (upper !== undefined && order(facts, upper, value) < 0)
  )
}

function isClearOf({ lower, upper }: ColumnFacts, prefix: Literal): boolean {
  if (typeof prefix !== 'string') return false
  const startsAbove = typeof lower === 'string' && compareUtf8(lower.slice(0, prefix.length), prefix) > 0
  const endsBelow = typeof upper === 'string' && compareUtf8(upper.slice(0, prefix.length), prefix) < 0
  return startsAbove || endsBelow
}
