import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'

/**
 * A condition on rows, as a value. `Ref` says what a predicate looks at, `Value` with what it compares.
 *
 * Every predicate is true or false for a row, never unknown: comparisons with a null are false, and `not-eq`, `not-in`
 * and `not-starts-with` are the opposites of theirs, true for a null. NaN is equal to no other value and greater than
 * all; -0.0 and 0.0 are equal.
 */
export type Expression<Ref, Value> =
  | { readonly op: 'true' }
  | { readonly op: 'false' }
  | { readonly op: 'and'; readonly operands: readonly Expression<Ref, Value>[] }
  | { readonly op: 'or'; readonly operands: readonly Expression<Ref, Value>[] }
  | Predicate<Ref, Value>

export type Predicate<Ref, Value> =
  | { readonly op: UnaryOp; readonly ref: Ref }
  | { readonly op: ComparisonOp; readonly ref: Ref; readonly value: Value }
  | { readonly op: SetOp; readonly ref: Ref; readonly values: readonly Value[] }

export type UnaryOp = 'is-null' | 'not-null' | 'is-nan' | 'not-nan'
export type ComparisonOp = 'eq' | 'not-eq' | 'lt' | 'lt-eq' | 'gt' | 'gt-eq' | 'starts-with' | 'not-starts-with'
export type SetOp = 'in' | 'not-in'
export type PredicateOp = UnaryOp | ComparisonOp | SetOp

/** A column of a schema, not inside a list or map. */
export type BoundColumn = { readonly fieldId: number; readonly name: string; readonly type: PrimitiveType }

/** One field of a partition tuple. */
export type PartitionColumn = { readonly position: number; readonly name: string; readonly type: PrimitiveType }

/** A condition on the rows of a table. */
export type BoundExpression = Expression<BoundColumn, Literal>
export type BoundPredicate = Predicate<BoundColumn, Literal>

/** A condition on the partitions of one spec. */
export type PartitionExpression = Expression<PartitionColumn, Literal>
export type PartitionPredicate = Predicate<PartitionColumn, Literal>

export const TRUE = { op: 'true' } as const
export const FALSE = { op: 'false' } as const

/** Both or all of them; simplified where some are `true` or `false`. */
export function allOf<Ref, Value>(operands: readonly Expression<Ref, Value>[]): Expression<Ref, Value> {
  return joined('and', operands)
}

/** At least one of them; simplified where some are `true` or `false`. */
export function anyOf<Ref, Value>(operands: readonly Expression<Ref, Value>[]): Expression<Ref, Value> {
  return joined('or', operands)
}

const OPPOSITE = {
  'is-null': 'not-null',
  'not-null': 'is-null',
  'is-nan': 'not-nan',
  'not-nan': 'is-nan',
  eq: 'not-eq',
  'not-eq': 'eq',
  lt: 'gt-eq',
  'lt-eq': 'gt',
  gt: 'lt-eq',
  'gt-eq': 'lt',
  'starts-with': 'not-starts-with',
  'not-starts-with': 'starts-with',
  in: 'not-in',
  'not-in': 'in',
} as const satisfies Record<PredicateOp, PredicateOp>

/**
 * The negation, pushed down to the predicates as the reference implementation pushes it: `not a < 5` becomes `a >= 5`,
 * which is false for a null as well, as in SQL.
 */
export function negated<Ref, Value>(expression: Expression<Ref, Value>): Expression<Ref, Value> {
  if (expression.op === 'true') return FALSE
  if (expression.op === 'false') return TRUE
  if (expression.op === 'and' || expression.op === 'or') {
    const operands = expression.operands.map(negated)
    return expression.op === 'and' ? anyOf(operands) : allOf(operands)
  }
  // Opposites take the same operands.
  return { ...expression, op: OPPOSITE[expression.op] } as Predicate<Ref, Value>
}

/** Whether the expression holds, given whether each predicate does. */
export function holds<Ref, Value>(
  expression: Expression<Ref, Value>,
  test: (predicate: Predicate<Ref, Value>) => boolean,
): boolean {
  if (expression.op === 'true') return true
  if (expression.op === 'false') return false
  if (expression.op === 'and') return expression.operands.every((operand) => holds(operand, test))
  if (expression.op === 'or') return expression.operands.some((operand) => holds(operand, test))
  return test(expression)
}

/** The expression with each predicate replaced. */
export function mapPredicates<Ref, Value, NewRef, NewValue>(
  expression: Expression<Ref, Value>,
  replace: (predicate: Predicate<Ref, Value>) => Expression<NewRef, NewValue>,
): Expression<NewRef, NewValue> {
  if (expression.op === 'true' || expression.op === 'false') return { op: expression.op }
  if (expression.op === 'and' || expression.op === 'or') {
    return joined(
      expression.op,
      expression.operands.map((operand) => mapPredicates(operand, replace)),
    )
  }
  return replace(expression)
}

function joined<Ref, Value>(op: 'and' | 'or', operands: readonly Expression<Ref, Value>[]): Expression<Ref, Value> {
  const [neutral, deciding] = op === 'and' ? (['true', 'false'] as const) : (['false', 'true'] as const)
  if (operands.some((operand) => operand.op === deciding)) return { op: deciding }
  const kept = operands.flatMap((operand) =>
    operand.op === op ? operand.operands : operand.op === neutral ? [] : [operand],
  )
  const [only, ...more] = kept
  if (only === undefined) return { op: neutral }
  return more.length === 0 ? only : { op, operands: kept }
}
