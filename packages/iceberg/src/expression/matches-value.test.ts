import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Literal } from '../value/literal.ts'
import { allOf, anyOf, type BoundExpression, type BoundPredicate, FALSE, negated, TRUE } from './expression.ts'
import { matchesValue } from './matches-value.ts'
import { columnOf } from './testing/arbitrary-filter.ts'

const ID = columnOf(0, { kind: 'int' })
const SCORE = columnOf(0, { kind: 'double' })

test('a null is equal to nothing and different from everything', () => {
  const test = (predicate: BoundPredicate) => matchesValue(predicate, null)
  for (const op of ['eq', 'lt', 'lt-eq', 'gt', 'gt-eq'] as const) assert.ok(!test({ op, ref: ID, value: 1 }))
  assert.ok(test({ op: 'not-eq', ref: ID, value: 1 }) && test({ op: 'not-in', ref: ID, values: [1] }))
  assert.ok(test({ op: 'is-null', ref: ID }) && !test({ op: 'not-null', ref: ID }))
  assert.ok(!test({ op: 'is-nan', ref: SCORE }) && test({ op: 'not-nan', ref: SCORE }))
})

test('NaN is greater than all, and zeros are equal', () => {
  const compare = (op: 'eq' | 'not-eq' | 'lt' | 'gt' | 'gt-eq', value: number, to: number) =>
    matchesValue({ op, ref: SCORE, value: to }, value)
  assert.ok(compare('gt', Number.NaN, Number.POSITIVE_INFINITY) && !compare('lt', Number.NaN, 5))
  assert.ok(!compare('eq', Number.NaN, 5) && compare('not-eq', Number.NaN, 5))
  assert.ok(compare('eq', -0, 0) && compare('gt-eq', -0, 0) && !compare('lt', -0, 0))
  assert.ok(matchesValue({ op: 'in', ref: SCORE, values: [0] }, -0))
})

test('a negation is the opposite for every value that is there', () => {
  const values: readonly Literal[] = [-1, 0, 1, 2]
  for (const op of ['eq', 'not-eq', 'lt', 'lt-eq', 'gt', 'gt-eq'] as const) {
    const predicate: BoundPredicate = { op, ref: ID, value: 1 }
    const opposite = negated(predicate) as BoundPredicate
    for (const value of values) assert.equal(matchesValue(opposite, value), !matchesValue(predicate, value))
  }
})

test('true and false fold away', () => {
  const one: BoundExpression = { op: 'is-null', ref: ID }
  assert.equal(allOf([TRUE, one]), one)
  assert.deepEqual(allOf([one, FALSE]), FALSE)
  assert.deepEqual(anyOf([one, TRUE]), TRUE)
  assert.deepEqual(allOf([]), TRUE)
  assert.deepEqual(anyOf([]), FALSE)
  assert.deepEqual(allOf([one, allOf([one, one])]), { op: 'and', operands: [one, one, one] })
  assert.deepEqual(negated(anyOf([one, one])), {
    op: 'and',
    operands: [
      { op: 'not-null', ref: ID },
      { op: 'not-null', ref: ID },
    ],
  })
})
