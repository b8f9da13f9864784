import type { Literal } from '../value/literal.ts'
import { type ComparisonOp, type Expression, FALSE, negated, TRUE } from './expression.ts'
import type { Placement } from './filter-literal.ts'

export type OrderOp = Exclude<ComparisonOp, 'starts-with' | 'not-starts-with'>

/** A comparison with a literal that need not be among the values of what is compared. */
export function placedComparison<Ref>(op: OrderOp, ref: Ref, placement: Placement): Expression<Ref, Literal> {
  if (placement.kind === 'value') return { op, ref, value: placement.value }
  if (op === 'eq') return FALSE
  if (op === 'not-eq') return TRUE
  const wantsLess = op === 'lt' || op === 'lt-eq'
  if (placement.kind !== 'between') {
    return wantsLess === (placement.kind === 'above-all') ? { op: 'not-null', ref } : FALSE
  }
  return wantsLess ? { op: 'lt-eq', ref, value: placement.below } : { op: 'gt', ref, value: placement.below }
}

/** Whether a value is one of the literals, or none of them. */
export function placedMembership<Ref>(
  op: 'in' | 'not-in',
  ref: Ref,
  placements: readonly Placement[],
): Expression<Ref, Literal> {
  // What is between or beyond the values is none of them.
  const values = placements.flatMap((placement) => (placement.kind === 'value' ? [placement.value] : []))
  const isOne: Expression<Ref, Literal> = values.length === 0 ? FALSE : { op: 'in', ref, values }
  return op === 'in' ? isOne : negated(isOne)
}
