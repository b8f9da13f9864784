import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FieldSummary } from '../manifest/manifest-file.ts'
import type { PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import {
  canTransform,
  formatTransform,
  parseTransform,
  type Transform,
  transformResultType,
} from '../partition/transform.ts'
import { transformFunction } from '../partition/transform-function.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { encodeSingleValue } from '../value/single-value.ts'
import { matchesPartition } from './evaluate-partition.ts'
import { mayMatchSummaries } from './evaluate-summaries.ts'
import type { BoundExpression, BoundPredicate } from './expression.ts'
import { formatExpression } from './format-expression.ts'
import { matchesValue } from './matches-value.ts'
import { holdsOnlyMatches, mayHoldMatches } from './project-filter.ts'
import { residualOf } from './residual.ts'
import {
  columnOf,
  comparisonOps,
  EDGES,
  filterOf,
  matchesRow,
  type Row,
  rowsOf,
  type TypedColumn,
  typedColumns,
  unaryOps,
} from './testing/arbitrary-filter.ts'

const TRANSFORMS: readonly Transform[] = [
  'identity',
  'bucket[2]',
  'bucket[7]',
  'truncate[1]',
  'truncate[3]',
  'truncate[10]',
  'truncate[8]',
  'year',
  'month',
  'day',
  'hour',
  'void',
  'zorder',
].map(parseTransform)

const TIME_PARTS: ReadonlySet<string> = new Set(['year', 'month', 'day', 'hour'])

type Sample = {
  readonly columns: readonly TypedColumn[]
  readonly spec: PartitionSpec
  readonly filter: BoundExpression
  readonly rows: readonly Row[]
  /** Whether the rows were written when parts of time before 1970 were stored one too high. */
  readonly isFormerWriter: boolean
}

const sample: fc.Arbitrary<Sample> = typedColumns.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    spec: specOf(columns),
    filter: filterOf(columns),
    rows: rowsOf(columns, { minLength: 1, maxLength: 6 }),
    isFormerWriter: fc.boolean(),
  }),
)

function specOf(columns: readonly TypedColumn[]): fc.Arbitrary<PartitionSpec> {
  const field = fc.constantFrom(
    ...columns.flatMap(({ column }) =>
      TRANSFORMS.filter((transform) => canTransform(transform, column.type)).map((transform) => ({
        column,
        transform,
      })),
    ),
  )
  return fc.array(field, { maxLength: 3 }).map((fields) => ({
    specId: 0,
    fields: fields.map(({ column, transform }, at) => ({
      fieldId: 1000 + at,
      sourceIds: [column.fieldId],
      name: `p${at}`,
      transform,
    })),
  }))
}

function partitionOf(
  { columns, spec, isFormerWriter }: Pick<Sample, 'columns' | 'spec' | 'isFormerWriter'>,
  row: Row,
): PartitionTuple {
  return spec.fields.map(({ sourceIds, transform }) => {
    const at = columns.findIndex(({ column }) => column.fieldId === sourceIds[0])
    const value = row[at] ?? null
    const type = columns[at]?.column.type
    assert.ok(type)
    if (transform.kind === 'unknown') return 'opaque'
    const stored = value === null ? null : transformFunction(transform, type)(value)
    const isTooHigh = isFormerWriter && TIME_PARTS.has(transform.kind) && type.kind !== 'date'
    return isTooHigh && typeof stored === 'number' && stored < 0 ? stored + 1 : stored
  })
}

function matches({ columns }: Sample, filter: BoundExpression, row: Row): boolean {
  return matchesRow(
    filter,
    columns.map(({ column }) => column),
    row,
  )
}

test('pruning partitions never loses a match', () => {
  fc.assert(
    fc.property(sample, (given) => {
      const { filter, spec, rows } = given
      const inclusive = mayHoldMatches(filter, spec)
      const strict = holdsOnlyMatches(filter, spec)
      for (const row of rows) {
        const partition = partitionOf(given, row)
        const isMatch = matches(given, filter, row)
        if (isMatch) assert.ok(matchesPartition(inclusive, partition), formatExpression(inclusive))
        else assert.ok(!matchesPartition(strict, partition), formatExpression(strict))
        assert.equal(matches(given, residualOf(filter, spec, partition), row), isMatch)
      }
    }),
    { numRuns: 500 },
  )
})

// Every predicate on every edge of every type, through every transform, for every value of the same edges.
test('a single predicate is projected without losing a value', () => {
  for (const [type, values] of EDGES) {
    const column = columnOf(0, type)
    const literals = values.filter((value) => !Number.isNaN(value))
    const predicates: BoundPredicate[] = [
      ...unaryOps(type).map((op) => ({ op, ref: column })),
      ...comparisonOps(type).flatMap((op) => literals.map((value) => ({ op, ref: column, value }))),
      ...literals.map((value) => ({ op: 'in' as const, ref: column, values: [value] })),
      ...literals.map((value) => ({ op: 'not-in' as const, ref: column, values: [value] })),
    ]
    for (const transform of TRANSFORMS.filter((each) => canTransform(each, type))) {
      checkPredicates({ column, values: fc.constant(0) }, transform, predicates, [...values, null])
    }
  }
})

function checkPredicates(
  typed: TypedColumn,
  transform: Transform,
  predicates: readonly BoundPredicate[],
  values: readonly (Literal | null)[],
): void {
  const fields = [{ fieldId: 1000, sourceIds: [typed.column.fieldId], name: 'p', transform }]
  const spec: PartitionSpec = { specId: 0, fields }
  const partitions = [false, true].flatMap((isFormerWriter) =>
    values.map((value) => ({ value, partition: partitionOf({ columns: [typed], spec, isFormerWriter }, [value]) })),
  )
  for (const predicate of predicates) {
    const inclusive = mayHoldMatches(predicate, spec)
    const strict = holdsOnlyMatches(predicate, spec)
    for (const { value, partition } of partitions) {
      const isMatch = matchesValue(predicate, value)
      const isSafe = isMatch ? matchesPartition(inclusive, partition) : !matchesPartition(strict, partition)
      if (!isSafe) {
        const [kind, from, to] = [
          typed.column.type.kind,
          formatExpression(predicate),
          formatExpression(isMatch ? inclusive : strict),
        ]
        assert.fail(`${kind} ${value} through ${formatTransform(transform)}: ${from} became ${to}`)
      }
    }
  }
}

test('pruning manifests never loses a partition', () => {
  fc.assert(
    fc.property(sample, (given) => {
      const inclusive = mayHoldMatches(given.filter, given.spec)
      const partitions = given.rows.map((row) => partitionOf(given, row))
      if (partitions.some((partition) => matchesPartition(inclusive, partition))) {
        assert.ok(mayMatchSummaries(inclusive, summariesOf(given, partitions)))
      }
    }),
    { numRuns: 500 },
  )
})

function summariesOf({ columns, spec }: Sample, partitions: readonly PartitionTuple[]): readonly FieldSummary[] {
  return spec.fields.map(({ sourceIds, transform }, at) => {
    const source = columns.find(({ column }) => column.fieldId === sourceIds[0])?.column.type
    assert.ok(source)
    return summaryOf(
      transformResultType(transform, source),
      partitions.map((partition) => partition[at] ?? null),
    )
  })
}

function summaryOf(type: PrimitiveType, values: readonly (Literal | null)[]): FieldSummary {
  const present = values.filter((value) => value !== null)
  const ordered = present.filter((value) => !Number.isNaN(value)).toSorted((a, b) => compareLiterals(type, a, b))
  const [lower, upper] = [ordered.at(0), ordered.at(-1)]
  return {
    containsNull: present.length < values.length,
    containsNan: ordered.length < present.length,
    ...(lower === undefined ? {} : { lowerBound: encodeSingleValue(type, lower) }),
    ...(upper === undefined ? {} : { upperBound: encodeSingleValue(type, upper) }),
  }
}

function projected(transform: string, predicate: BoundPredicate): string {
  const spec = {
    specId: 0,
    fields: [{ fieldId: 1000, sourceIds: [1], name: 'p', transform: parseTransform(transform) }],
  }
  return formatExpression(mayHoldMatches(predicate, spec))
}

test('projections are as tight as the transform allows', () => {
  const at = columnOf(0, { kind: 'timestamp' })
  const noon = BigInt(Date.UTC(2024, 0, 31, 12)) * 1000n
  const midnight = BigInt(Date.UTC(2024, 0, 31)) * 1000n
  assert.equal(projected('day', { op: 'lt', ref: at, value: noon }), 'p <= 2024-01-31')
  assert.equal(projected('day', { op: 'lt', ref: at, value: midnight }), 'p <= 2024-01-30')
  assert.equal(projected('day', { op: 'gt', ref: at, value: midnight - 1n }), 'p >= 2024-01-31')
  assert.equal(projected('month', { op: 'eq', ref: at, value: noon }), 'p = 648')
  assert.equal(projected('hour', { op: 'not-eq', ref: at, value: noon }), 'true')
  const id = columnOf(0, { kind: 'int' })
  assert.equal(projected('truncate[10]', { op: 'lt', ref: id, value: 20 }), 'p <= 10 or p = 2147483646')
  assert.equal(projected('truncate[8]', { op: 'lt', ref: id, value: 16 }), 'p <= 8')
  assert.equal(projected('truncate[10]', { op: 'gt', ref: id, value: 19 }), 'p >= 20 and p <> 2147483646')
  assert.equal(projected('bucket[4]', { op: 'in', ref: id, values: [34] }), 'p in (3)')
  assert.equal(projected('bucket[4]', { op: 'gt', ref: id, value: 34 }), 'true')
  const name = columnOf(0, { kind: 'string' })
  const prefix = (op: 'starts-with' | 'not-starts-with', value: string) =>
    projected('truncate[3]', { op, ref: name, value })
  assert.equal(prefix('starts-with', 'ab'), "p starts with 'ab'")
  assert.equal(prefix('starts-with', 'abcd'), "p = 'abc'")
  assert.equal(prefix('not-starts-with', 'ab'), "p does not start with 'ab'")
  assert.equal(prefix('not-starts-with', 'abc'), "p <> 'abc'")
  assert.equal(prefix('not-starts-with', 'abcd'), 'true')
  assert.equal(projected('void', { op: 'is-null', ref: name }), 'true')
  assert.equal(projected('zorder', { op: 'eq', ref: name, value: 'a' }), 'true')
})

test('partitions that old writers stored one too high before 1970 still match', () => {
  const at = columnOf(0, { kind: 'date' })
  assert.equal(projected('month', { op: 'eq', ref: at, value: -1 }), 'p in (-1, 0)')
  assert.equal(projected('month', { op: 'lt-eq', ref: at, value: -1 }), 'p <= 0')
  assert.equal(projected('month', { op: 'gt-eq', ref: at, value: -1 }), 'p >= -1')
  assert.equal(projected('day', { op: 'eq', ref: at, value: -1 }), 'p = 1969-12-31')
})

test('a column that is not the source says nothing', () => {
  const other = { ...columnOf(0, { kind: 'int' }), fieldId: 9 }
  assert.equal(projected('identity', { op: 'eq', ref: other, value: 1 }), 'true')
})

test('what the partition decides is gone from the residual', () => {
  const [id, name] = [columnOf(0, { kind: 'int' }), columnOf(1, { kind: 'string' })]
  const spec = {
    specId: 0,
    fields: [{ fieldId: 1000, sourceIds: [1], name: 'id', transform: parseTransform('identity') }],
  }
  const filter: BoundExpression = {
    op: 'and',
    operands: [
      { op: 'eq', ref: id, value: 1 },
      { op: 'eq', ref: name, value: "it's" },
    ],
  }
  assert.equal(formatExpression(residualOf(filter, spec, [1])), "c1 = 'it''s'")
  assert.equal(formatExpression(residualOf(filter, spec, [2])), 'false')
})
