import fc from 'fast-check'
import type { PrimitiveType } from '../../schema/type.ts'
import type { Literal } from '../../value/literal.ts'
import {
  allOf,
  anyOf,
  type BoundColumn,
  type BoundExpression,
  type BoundPredicate,
  type ComparisonOp,
  holds,
  negated,
  type UnaryOp,
} from '../expression.ts'
import { matchesValue } from '../matches-value.ts'

// Random columns, values and filters, crowded where transforms and bounds have their edges.

/** A row: the value of each column, by the column's position among the columns. */
export type Row = readonly (Literal | null)[]

export function columnOf(position: number, type: PrimitiveType): BoundColumn {
  return { fieldId: position + 1, name: `c${position}`, type }
}

/** Whether the row satisfies the filter, by the plain meaning of its predicates. */
export function matchesRow(filter: BoundExpression, columns: readonly BoundColumn[], row: Row): boolean {
  return holds(filter, (predicate) => {
    const at = columns.findIndex((column) => column.fieldId === predicate.ref.fieldId)
    return matchesValue(predicate, row[at] ?? null)
  })
}

const DAY = 86_400_000_000n

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

const ints = [...range(-12, 12), -(2 ** 31), -(2 ** 31) + 1, -(2 ** 31) + 9, 2 ** 31 - 2, 2 ** 31 - 1]
const longs = [...range(-12, 12).map(BigInt), -(2n ** 63n), -(2n ** 63n) + 3n, 2n ** 63n - 1n]
// Around the turns of months and years, and of the epoch.
const days = [-366, -365, -32, -31, -1, 0, 1, 31, 365]
const micros = days.flatMap((day) => [0n, 1n, -1n, 3_600_000_000n].map((more) => BigInt(day) * DAY + more))
const texts = ['', 'a', '\uffff', '\u{1F9CA}'].flatMap((first) =>
  ['', 'a', '\u{1F9CA}', 'aa', 'ab'].map((rest) => first + rest),
)
const bytes = [0, 127, 128].flatMap((first) =>
  [[first], [first, 1], [first, 255], [first, 1, 0]].map((all) => Uint8Array.from(all)),
)
const uuids = [0, 127, 128].map((first) => Uint8Array.from([first, ...new Array<number>(15).fill(0)]))

/** Values of each type where transforms and bounds have their edges. */
export const EDGES: readonly (readonly [PrimitiveType, readonly Literal[]])[] = [
  [{ kind: 'boolean' }, [false, true]],
  [{ kind: 'int' }, ints],
  [{ kind: 'long' }, longs],
  [{ kind: 'date' }, days],
  [{ kind: 'time' }, [0n, 1n, 2n]],
  [{ kind: 'timestamp' }, micros],
  [{ kind: 'timestamp_ns' }, micros.map((value) => value * 1000n + 1n)],
  [{ kind: 'decimal', precision: 9, scale: 2 }, range(-12, 12).map(BigInt)],
  [{ kind: 'string' }, texts],
  [{ kind: 'binary' }, [new Uint8Array(0), ...bytes]],
  [{ kind: 'fixed', length: 2 }, bytes.filter((each) => each.length === 2)],
  [{ kind: 'uuid' }, uuids],
  [{ kind: 'float' }, [-1.5, -0, 0, 1, 2.5, Number.NaN, Number.POSITIVE_INFINITY]],
  [{ kind: 'double' }, [-1.5, -0, 0, 1, 2.5, Number.NaN, Number.NEGATIVE_INFINITY]],
]

/** A column together with values of its type. */
export type TypedColumn = { readonly column: BoundColumn; readonly values: fc.Arbitrary<Literal> }

export const typedColumns: fc.Arbitrary<readonly TypedColumn[]> = fc
  .array(fc.constantFrom(...EDGES), { minLength: 1, maxLength: 2 })
  .map((types) =>
    types.map(([type, values], position) => ({ column: columnOf(position, type), values: fc.constantFrom(...values) })),
  )

export function rowsOf(
  columns: readonly TypedColumn[],
  constraints: { minLength: number; maxLength: number },
): fc.Arbitrary<readonly Row[]> {
  return fc.array(fc.tuple(...columns.map(({ values }) => fc.option(values, { freq: 6 }))), constraints)
}

export function filterOf(columns: readonly TypedColumn[]): fc.Arbitrary<BoundExpression> {
  const predicate = fc.oneof(...columns.map(predicateOf))
  return fc.letrec<{ filter: BoundExpression }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      predicate,
      fc.array(tie('filter'), { maxLength: 3 }).map(allOf),
      fc.array(tie('filter'), { maxLength: 3 }).map(anyOf),
      tie('filter').map(negated),
    ),
  })).filter
}

function predicateOf({ column: ref, values }: TypedColumn): fc.Arbitrary<BoundPredicate> {
  // A filter has no NaN to compare with.
  const literal = values.filter((value) => !Number.isNaN(value))
  return fc.oneof(
    fc.constantFrom(...unaryOps(ref.type)).map((op) => ({ op, ref })),
    fc.tuple(fc.constantFrom(...comparisonOps(ref.type)), literal).map(([op, value]) => ({ op, ref, value })),
    fc
      .tuple(fc.constantFrom('in' as const, 'not-in' as const), fc.array(literal, { minLength: 1, maxLength: 3 }))
      .map(([op, list]) => ({ op, ref, values: list })),
  )
}

export function unaryOps({ kind }: PrimitiveType): readonly UnaryOp[] {
  return kind === 'float' || kind === 'double' ? ['is-null', 'not-null', 'is-nan', 'not-nan'] : ['is-null', 'not-null']
}

export function comparisonOps({ kind }: PrimitiveType): readonly ComparisonOp[] {
  const ordered: readonly ComparisonOp[] = ['eq', 'not-eq', 'lt', 'lt-eq', 'gt', 'gt-eq']
  return kind === 'string' ? [...ordered, 'starts-with', 'not-starts-with'] : ordered
}
