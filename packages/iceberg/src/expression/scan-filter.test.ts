import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import { canTransform, type Transform, transformResultType } from '../partition/transform.ts'
import { transformFunction } from '../partition/transform-function.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { matchesPartition } from './evaluate-partition.ts'
import { FALSE, holds, negated, TRUE } from './expression.ts'
import { matchesValue } from './matches-value.ts'
import { columnFilter, type ScanFilter, type ScanTerm, scanPartitionFilter, scanResidual } from './scan-filter.ts'
import { columnOf, comparisonOps, EDGES, unaryOps } from './testing/arbitrary-filter.ts'

const TRANSFORMS: readonly Transform[] = [
  { kind: 'bucket', buckets: 4 },
  { kind: 'truncate', width: 2 },
  { kind: 'year' },
  { kind: 'month' },
  { kind: 'day' },
  { kind: 'hour' },
]

type Case = {
  readonly type: PrimitiveType
  readonly transform: Transform
  readonly values: readonly (Literal | null)[]
  readonly filter: ScanFilter
}

/** A filter on a transformed column, and values of the column. */
const cases: fc.Arbitrary<Case> = fc
  .constantFrom(
    ...EDGES.flatMap(([type, edges]) =>
      TRANSFORMS.filter((each) => canTransform(each, type)).map((transform) => ({ type, edges, transform })),
    ),
  )
  .chain(({ type, edges, transform }) => {
    const apply = transformFunction(transform, type)
    const results = edges.flatMap((value) => apply(value) ?? [])
    const ref: ScanTerm = { column: columnOf(0, type), transform, type: transformResultType(transform, type) }
    const predicate: fc.Arbitrary<ScanFilter> = fc.oneof(
      fc.constantFrom(...unaryOps(ref.type)).map((op) => ({ op, ref })),
      fc
        .tuple(fc.constantFrom(...comparisonOps(ref.type)), fc.constantFrom(...results))
        .map(([op, value]) => ({ op, ref, value })),
      fc
        .tuple(
          fc.constantFrom('in' as const, 'not-in' as const),
          fc.array(fc.constantFrom(...results), { minLength: 1 }),
        )
        .map(([op, list]) => ({ op, ref, values: list })),
    )
    const filter = fc.oneof(predicate, predicate.map(negated))
    return fc
      .tuple(filter, fc.array(fc.option(fc.constantFrom(...edges), { freq: 6 }), { minLength: 1 }))
      .map(([chosen, values]) => ({ type, transform, filter: chosen, values }))
  })

function matches(filter: ScanFilter, { type, transform }: Case, value: Literal | null): boolean {
  const result = value === null ? null : transformFunction(transform, type)(value)
  return holds(filter, (each) => matchesValue({ ...each, ref: each.ref }, result))
}

function specOf(transform: Transform): PartitionSpec {
  return { specId: 0, fields: [{ fieldId: 1000, sourceIds: [1], name: 'p', transform }] }
}

test('a partition field of the same transform decides, and decides rightly', () => {
  let decided = 0
  fc.assert(
    fc.property(cases, (each) => {
      const spec = specOf(each.transform)
      const partitions = scanPartitionFilter(each.filter, spec)
      for (const value of each.values) {
        const stored = value === null ? null : transformFunction(each.transform, each.type)(value)
        const expected = matches(each.filter, each, value)
        for (const partition of withFormerWriters(each.transform, stored)) {
          assert.ok(!expected || matchesPartition(partitions, [partition]), 'a partition with a match is left out')
          const residual = scanResidual(each.filter, spec, [partition])
          assert.equal(matches(residual, each, value), expected)
          if (residual.op === 'true' || residual.op === 'false') decided += 1
        }
      }
    }),
    { numRuns: 2_000 },
  )
  assert.ok(decided > 1_000, String(decided))
})

/** What may be stored: parts of time before 1970 were stored as one too high once. */
function withFormerWriters({ kind }: Transform, stored: Literal | null): readonly (Literal | null)[] {
  const isTime = kind === 'year' || kind === 'month' || kind === 'day' || kind === 'hour'
  return isTime && typeof stored === 'number' && stored < 0 ? [stored, stored + 1] : [stored]
}

test('other partition fields and metrics say nothing of a transformed column', () => {
  const ref: ScanTerm = {
    column: columnOf(0, { kind: 'long' }),
    transform: { kind: 'bucket', buckets: 4 },
    type: { kind: 'int' },
  }
  const filter: ScanFilter = { op: 'eq', ref, value: 3 }
  const spec = specOf({ kind: 'bucket', buckets: 8 })
  assert.deepEqual(scanPartitionFilter(filter, spec), TRUE)
  assert.deepEqual(scanResidual(filter, spec, [1]), filter)
  assert.deepEqual(columnFilter(filter, TRUE), TRUE)
  assert.deepEqual(columnFilter(filter, FALSE), FALSE)
})
