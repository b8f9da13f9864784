import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldSummary } from '../manifest/manifest-file.ts'
import { encodeSingleValue } from '../value/single-value.ts'
import { mayMatchSummaries } from './evaluate-summaries.ts'
import type { PartitionColumn, PartitionPredicate } from './expression.ts'

const DAY: PartitionColumn = { position: 1, name: 'day', type: { kind: 'date' } }
const OTHER: FieldSummary = { containsNull: true }

function days(lower: number, upper: number, containsNull = false): readonly FieldSummary[] {
  const lowerBound = encodeSingleValue(DAY.type, lower)
  return [OTHER, { containsNull, lowerBound, upperBound: encodeSingleValue(DAY.type, upper) }]
}

function may(predicate: PartitionPredicate, summaries: readonly FieldSummary[]): boolean {
  return mayMatchSummaries(predicate, summaries)
}

test('manifests outside the range are left out', () => {
  assert.ok(may({ op: 'eq', ref: DAY, value: 12 }, days(10, 12)))
  assert.ok(!may({ op: 'eq', ref: DAY, value: 13 }, days(10, 12)))
  assert.ok(!may({ op: 'lt', ref: DAY, value: 10 }, days(10, 12)))
  assert.ok(!may({ op: 'in', ref: DAY, values: [9, 13] }, days(10, 12)))
  assert.ok(!may({ op: 'not-eq', ref: DAY, value: 10 }, days(10, 10)))
  assert.ok(may({ op: 'not-eq', ref: DAY, value: 10 }, days(10, 10, true)))
})

test('nulls are told apart', () => {
  assert.ok(!may({ op: 'is-null', ref: DAY }, days(10, 12)))
  assert.ok(may({ op: 'is-null', ref: DAY }, days(10, 12, true)))
  assert.ok(!may({ op: 'not-null', ref: DAY }, [OTHER, { containsNull: true }]))
  assert.ok(!may({ op: 'eq', ref: DAY, value: 1 }, [OTHER, { containsNull: true }]))
})

test('without summaries or bounds nothing is left out', () => {
  assert.ok(may({ op: 'eq', ref: DAY, value: 1 }, []))
  assert.ok(may({ op: 'eq', ref: DAY, value: 1 }, [OTHER, { containsNull: false }]))
})

test('NaN partitions may be among those without a word of it', () => {
  const score: PartitionColumn = { position: 0, name: 'score', type: { kind: 'double' } }
  const bound = encodeSingleValue(score.type, 1)
  const summary = { containsNull: false, lowerBound: bound, upperBound: bound }
  assert.ok(may({ op: 'is-nan', ref: score }, [summary]))
  assert.ok(!may({ op: 'is-nan', ref: score }, [{ ...summary, containsNan: false }]))
  assert.ok(may({ op: 'gt', ref: score, value: 5 }, [summary]))
  assert.ok(!may({ op: 'gt', ref: score, value: 5 }, [{ ...summary, containsNan: false }]))
})
