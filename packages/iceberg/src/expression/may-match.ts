import { unreachable } from '@moraine/stdx/assert'
import { compareUtf8 } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import type { ColumnFacts } from './column-facts.ts'
import { compareValues, hasPrefix } from './compare-values.ts'
import type { Predicate } from './expression.ts'

/** Whether some value of the column may satisfy the predicate; false only if that is certain (inclusive). */
export function mayMatch<Ref>(predicate: Predicate<Ref, Literal>, facts: ColumnFacts): boolean {
  switch (predicate.op) {
    case 'is-null':
      return facts.mayBeNull
    case 'not-null':
      return facts.mayBeValue
    case 'is-nan':
      return facts.mayBeNan
    case 'not-nan':
      return facts.mayBeNull || facts.mayBeOrdered
    case 'eq':
      return mayEqual(facts, predicate.value)
    case 'in':
      return predicate.values.some((value) => mayEqual(facts, value))
    case 'not-eq':
      return !isOnly(facts, [predicate.value])
    case 'not-in':
      return !isOnly(facts, predicate.values)
    case 'lt':
      return facts.mayBeOrdered && (facts.lower === undefined || order(facts, facts.lower, predicate.value) < 0)
    case 'lt-eq':
      return facts.mayBeOrdered && (facts.lower === undefined || order(facts, facts.lower, predicate.value) <= 0)
    case 'gt':
      return mayReach(facts, (upper) => order(facts, upper, predicate.value) > 0)
    case 'gt-eq':
      return mayReach(facts, (upper) => order(facts, upper, predicate.value) >= 0)
    case 'starts-with':
      return mayStartWith(facts, predicate.value)
    case 'not-starts-with':
      return facts.mayBeNull || !(hasPrefix(facts.lower, predicate.value) && hasPrefix(facts.upper, predicate.value))
    default:
      return unreachable(predicate)
  }
}

function order({ type }: ColumnFacts, a: Literal, b: Literal): number {
  return compareValues(type, a, b)
}

// NaN lies above every bound.
function mayReach(facts: ColumnFacts, test: (upper: Literal) => boolean): boolean {
  if (facts.mayBeNan) return true
  return facts.mayBeOrdered && (facts.upper === undefined || test(facts.upper))
}

function mayEqual(facts: ColumnFacts, value: Literal): boolean {
  return (
    facts.mayBeOrdered &&
    (facts.lower === undefined || order(facts, facts.lower, value) <= 0) &&
    (facts.upper === undefined || order(facts, facts.upper, value) >= 0)
  )
}

// Whether every value is one and the same, and one of these.
function isOnly(facts: ColumnFacts, values: readonly Literal[]): boolean {
  const { lower, upper } = facts
  if (facts.mayBeNull || facts.mayBeNan || lower === undefined || upper === undefined) return false
  return order(facts, lower, upper) === 0 && values.some((value) => order(facts, lower, value) === 0)
}

// A text between the bounds starts with the prefix only if the prefix is between the bounds' own beginnings.
function mayStartWith(facts: ColumnFacts, prefix: Literal): boolean {
  const { lower, upper } = facts
  if (!facts.mayBeOrdered || typeof prefix !== 'string') return facts.mayBeOrdered
  const isBelow = typeof lower !== 'string' || compareUtf8(lower.slice(0, prefix.length), prefix) <= 0
  const isAbove = typeof upper !== 'string' || compareUtf8(upper.slice(0, prefix.length), prefix) >= 0
  return isBelow && isAbove
}
