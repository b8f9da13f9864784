import { unreachable } from '@moraine/stdx/assert'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { compareValues, hasPrefix, isNan } from './compare-values.ts'
import type { Predicate } from './expression.ts'

/** Whether a predicate is true of one value; what that means for nulls and NaN is said at `Expression`. */
export function matchesValue<Ref extends { readonly type: PrimitiveType }>(
  predicate: Predicate<Ref, Literal>,
  value: Literal | null,
): boolean {
  const { type } = predicate.ref
  switch (predicate.op) {
    case 'is-null':
      return value === null
    case 'not-null':
      return value !== null
    case 'is-nan':
      return value !== null && isNan(value)
    case 'not-nan':
      return value === null || !isNan(value)
    case 'in':
      return value !== null && predicate.values.some((each) => compareValues(type, value, each) === 0)
    case 'not-in':
      return value === null || predicate.values.every((each) => compareValues(type, value, each) !== 0)
    case 'eq':
      return value !== null && compareValues(type, value, predicate.value) === 0
    case 'not-eq':
      return value === null || compareValues(type, value, predicate.value) !== 0
    case 'lt':
      return value !== null && compareValues(type, value, predicate.value) < 0
    case 'lt-eq':
      return value !== null && compareValues(type, value, predicate.value) <= 0
    case 'gt':
      return value !== null && compareValues(type, value, predicate.value) > 0
    case 'gt-eq':
      return value !== null && compareValues(type, value, predicate.value) >= 0
    case 'starts-with':
      return value !== null && hasPrefix(value, predicate.value)
    case 'not-starts-with':
      return value === null || !hasPrefix(value, predicate.value)
    default:
      return unreachable(predicate)
  }
}
