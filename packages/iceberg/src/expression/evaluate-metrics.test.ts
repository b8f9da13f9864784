import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FileMetrics } from '../manifest/content-file.ts'
import { truncateCodePoints } from '../partition/transform-function.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { encodeSingleValue } from '../value/single-value.ts'
import { type MeasuredFile, mayMatchFile, mustMatchFile } from './evaluate-metrics.ts'
import type { BoundColumn, BoundExpression, BoundPredicate } from './expression.ts'
import { formatExpression } from './format-expression.ts'
import {
  columnOf,
  filterOf,
  matchesRow,
  type Row,
  rowsOf,
  type TypedColumn,
  typedColumns,
} from './testing/arbitrary-filter.ts'

// What a writer may leave out of a column's figures.
type Omission = {
  readonly counts: boolean
  readonly nans: boolean
  readonly lower: boolean
  readonly upper: boolean
  readonly cut: boolean
}

const omission = fc.record({
  counts: fc.boolean(),
  nans: fc.boolean(),
  lower: fc.boolean(),
  upper: fc.boolean(),
  cut: fc.boolean(),
})

function measured(columns: readonly TypedColumn[], rows: readonly Row[], omissions: readonly Omission[]): MeasuredFile {
  const metrics = {
    columnSizes: new Map<number, number>(),
    valueCounts: new Map<number, number>(),
    nullValueCounts: new Map<number, number>(),
    nanValueCounts: new Map<number, number>(),
    lowerBounds: new Map<number, Uint8Array>(),
    upperBounds: new Map<number, Uint8Array>(),
  }
  for (const [at, { column }] of columns.entries()) {
    const omit = omissions[at]
    assert.ok(omit)
    const values = rows.map((row) => row[at] ?? null)
    const present = values.filter((value) => value !== null)
    const ordered = present
      .filter((value) => !Number.isNaN(value))
      .toSorted((a, b) => compareLiterals(column.type, a, b))
    if (!omit.counts) {
      metrics.valueCounts.set(column.fieldId, values.length)
      metrics.nullValueCounts.set(column.fieldId, values.length - present.length)
    }
    if (!omit.nans && typeof present[0] === 'number') {
      metrics.nanValueCounts.set(column.fieldId, present.length - ordered.length)
    }
    const [lower, upper] = [ordered.at(0), ordered.at(-1)]
    if (!omit.lower && lower !== undefined) {
      metrics.lowerBounds.set(column.fieldId, encodeSingleValue(column.type, omit.cut ? cut(lower) : lower))
    }
    if (!omit.upper && upper !== undefined)
      metrics.upperBounds.set(column.fieldId, encodeSingleValue(column.type, upper))
  }
  return { recordCount: rows.length, metrics: () => metrics }
}

// Lower bounds of text are cut short.
function cut(value: Literal): Literal {
  return typeof value === 'string' ? truncateCodePoints(value, 1) : value
}

test('pruning files never loses a match, and what must match does', () => {
  const sample = typedColumns.chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      filter: filterOf(columns),
      rows: rowsOf(columns, { minLength: 0, maxLength: 5 }),
      omissions: fc.array(omission, { minLength: 2, maxLength: 2 }),
    }),
  )
  fc.assert(
    fc.property(sample, ({ columns, filter, rows, omissions }) => {
      const file = measured(columns, rows, omissions)
      const bound = columns.map(({ column }) => column)
      const matching = rows.filter((row) => matchesRow(filter, bound, row))
      if (matching.length > 0) assert.ok(mayMatchFile(filter, file), formatExpression(filter))
      if (mustMatchFile(filter, file)) assert.equal(matching.length, rows.length, formatExpression(filter))
    }),
    { numRuns: 2500 },
  )
})

function fileOf(
  column: BoundColumn,
  figures: { nulls?: number; nans?: number; lower?: Literal; upper?: Literal; lowerBytes?: Uint8Array },
): MeasuredFile {
  const { fieldId, type } = column
  const one = <T>(value: T | undefined) => new Map(value === undefined ? [] : [[fieldId, value]])
  const encoded = (value: Literal | undefined) => (value === undefined ? undefined : encodeSingleValue(type, value))
  const metrics: FileMetrics = {
    columnSizes: new Map(),
    valueCounts: new Map([[fieldId, 10]]),
    nullValueCounts: one(figures.nulls),
    nanValueCounts: one(figures.nans),
    lowerBounds: one(figures.lowerBytes ?? encoded(figures.lower)),
    upperBounds: one(encoded(figures.upper)),
  }
  return { recordCount: 10, metrics: () => metrics }
}

const ID = columnOf(0, { kind: 'long' })
const NAME = columnOf(0, { kind: 'string' })
const SCORE = columnOf(0, { kind: 'double' })

test('figures decide where they can', () => {
  const file = fileOf(ID, { nulls: 0, lower: 10n, upper: 20n })
  const may = (predicate: BoundPredicate) => mayMatchFile(predicate, file)
  const must = (predicate: BoundPredicate) => mustMatchFile(predicate, file)
  assert.ok(!may({ op: 'lt', ref: ID, value: 10n }) && may({ op: 'lt-eq', ref: ID, value: 10n }))
  assert.ok(!may({ op: 'gt', ref: ID, value: 20n }) && may({ op: 'gt-eq', ref: ID, value: 20n }))
  assert.ok(!may({ op: 'eq', ref: ID, value: 21n }) && !may({ op: 'in', ref: ID, values: [9n, 21n] }))
  assert.ok(!may({ op: 'is-null', ref: ID }) && must({ op: 'not-null', ref: ID }))
  assert.ok(must({ op: 'gt-eq', ref: ID, value: 10n }) && !must({ op: 'gt', ref: ID, value: 10n }))
  assert.ok(must({ op: 'not-in', ref: ID, values: [9n, 21n] }) && !must({ op: 'not-eq', ref: ID, value: 15n }))
  const single = fileOf(ID, { nulls: 0, lower: 7n, upper: 7n })
  assert.ok(mustMatchFile({ op: 'eq', ref: ID, value: 7n }, single))
  assert.ok(!mayMatchFile({ op: 'not-eq', ref: ID, value: 7n }, single))
})

test('a file of nulls holds nothing else', () => {
  const file = fileOf(ID, { nulls: 10 })
  assert.ok(!mayMatchFile({ op: 'not-null', ref: ID }, file))
  assert.ok(!mayMatchFile({ op: 'eq', ref: ID, value: 1n }, file))
  assert.ok(mustMatchFile({ op: 'is-null', ref: ID }, file))
  assert.ok(mustMatchFile({ op: 'not-eq', ref: ID, value: 1n }, file))
})

test('an empty file holds nothing', () => {
  const empty = { recordCount: 0, metrics: fileOf(ID, {}).metrics }
  assert.ok(!mayMatchFile({ op: 'true' }, empty))
  assert.ok(mustMatchFile({ op: 'false' }, empty))
})

test('prefixes are told from bounds that were cut short', () => {
  const file = fileOf(NAME, { nulls: 0, lower: 'ab', upper: 'ad' })
  const may = (value: string) => mayMatchFile({ op: 'starts-with', ref: NAME, value }, file)
  assert.ok(may('abzzz') && may('ac') && may('a') && may('') && may('ad'))
  assert.ok(!may('aa') && !may('b') && !may('ae'))
  const same = fileOf(NAME, { nulls: 0, lower: 'abc', upper: 'abd' })
  assert.ok(!mayMatchFile({ op: 'not-starts-with', ref: NAME, value: 'ab' }, same))
  assert.ok(mustMatchFile({ op: 'starts-with', ref: NAME, value: 'ab' }, same))
  assert.ok(mustMatchFile({ op: 'not-starts-with', ref: NAME, value: 'b' }, same))
})

test('NaN is above every bound', () => {
  const bounds = { nulls: 0, lower: 1, upper: 2 }
  const above: BoundPredicate = { op: 'gt', ref: SCORE, value: 5 }
  assert.ok(!mayMatchFile(above, fileOf(SCORE, { ...bounds, nans: 0 })))
  assert.ok(mayMatchFile(above, fileOf(SCORE, { ...bounds, nans: 1 })))
  assert.ok(mayMatchFile(above, fileOf(SCORE, bounds)))
  assert.ok(!mustMatchFile({ op: 'lt', ref: SCORE, value: 5 }, fileOf(SCORE, bounds)))
  assert.ok(mustMatchFile({ op: 'is-nan', ref: SCORE }, fileOf(SCORE, { nulls: 0, nans: 10 })))
})

test('bounds that prove nothing prune nothing', () => {
  const eq: BoundExpression = { op: 'eq', ref: ID, value: 5n }
  assert.ok(mayMatchFile(eq, fileOf(ID, { nulls: 0, lower: 20n, upper: 10n })))
  assert.ok(mayMatchFile(eq, fileOf(ID, { nulls: 0, lowerBytes: new Uint8Array(3) })))
  assert.ok(mayMatchFile({ op: 'eq', ref: SCORE, value: 5 }, fileOf(SCORE, { nulls: 0, lower: Number.NaN })))
})

test('a column without figures may be anything', () => {
  const other = columnOf(5, { kind: 'long' })
  assert.ok(mayMatchFile({ op: 'eq', ref: other, value: 1n }, fileOf(ID, {})))
  assert.ok(!mustMatchFile({ op: 'not-null', ref: other }, fileOf(ID, {})))
})

test('bounds from before a promotion are understood', () => {
  const four = encodeSingleValue({ kind: 'int' }, 10)
  const file = fileOf(ID, { nulls: 0, lowerBytes: four })
  assert.ok(!mayMatchFile({ op: 'lt', ref: ID, value: 10n }, file))
})
