import { childFields } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { compareLiterals } from '@moraine/iceberg/value/compare'
import { decodeSingleValue } from '@moraine/iceberg/value/single-value'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import { annotationOf } from '@moraine/parquet/footer/schema-tree'
import { type Bound, type ColumnMetrics, footerMetrics } from '@moraine/parquet/metrics/footer-metrics'
import { icebergBound } from '@moraine/parquet/metrics/iceberg-bound'

/** What a footer says about one column; absent where unknown. */
export type ColumnFigures = {
  readonly values: number
  readonly nulls?: number
  readonly lower?: ColumnBound
  readonly upper?: ColumnBound
}

/** In Iceberg's binary form. `isExact`: some row has the value; else it may be a shortened one beyond all of them. */
type ColumnBound = { readonly value: Uint8Array; readonly isExact: boolean }

/** By field id, of columns outside of lists and maps. */
export function columnFigures(footer: ParquetFooter): ReadonlyMap<number, ColumnFigures> {
  const figures = new Map<number, ColumnFigures>()
  for (const [id, column] of footerMetrics(footer).columns) {
    if (column.leaf.maxRepetitionLevel > 0) continue
    const lower = boundOf(column, column.lower)
    const upper = boundOf(column, column.upper)
    figures.set(id, {
      values: column.valueCount,
      ...(column.nullCount !== undefined && { nulls: column.nullCount }),
      ...(lower !== undefined && { lower }),
      ...(upper !== undefined && { upper }),
    })
  }
  return figures
}

type Figures = ReadonlyMap<number, ColumnFigures>

/**
 * What the outputs' footers say that cannot be, given the inputs': a value outside of all bounds, or nulls that came or
 * went. DuckDB makes the one as it writes, the engines that wrote the inputs made the other, so damage that decoding did
 * not notice often shows here. `undefined` if nothing is wrong, or nothing can be told.
 */
export function columnFault(
  fields: readonly NestedField[],
  inputs: readonly Figures[],
  outputs: readonly Figures[],
  deletedRows: number,
): string | undefined {
  for (const field of fields) {
    const fault = fieldFault(field, inputs, outputs) ?? nullFault(field, inputs, outputs, deletedRows)
    if (fault !== undefined) return fault
  }
  return undefined
}

function fieldFault(field: NestedField, inputs: readonly Figures[], outputs: readonly Figures[]): string | undefined {
  const { id, name, type } = field
  if (!isPrimitive(type)) {
    // Elements of lists and maps have no figures.
    return type.kind === 'struct' ? columnFaultOf(childFields(type), inputs, outputs) : undefined
  }
  const order = boundOrder(type)
  for (const side of ['lower', 'upper'] as const) {
    const given = outermost(id, inputs, side, order)
    const made = outermost(id, outputs, side, order)
    if (given === undefined || made === undefined || !made.isExact) continue
    const compared = order(made.value, given.value)
    const beyond = side === 'lower' ? compared < 0 : compared > 0
    if (beyond) return `column ${name} has a value beyond the ${side} bound of all inputs`
  }
  return undefined
}

function columnFaultOf(
  fields: readonly NestedField[],
  inputs: readonly Figures[],
  outputs: readonly Figures[],
): string | undefined {
  return fields.map((field) => fieldFault(field, inputs, outputs)).find((fault) => fault !== undefined)
}

function nullFault(
  { id, name, type }: NestedField,
  inputs: readonly Figures[],
  outputs: readonly Figures[],
  deletedRows: number,
): string | undefined {
  const given = total(id, inputs)
  const made = total(id, outputs)
  if (!isPrimitive(type) || given === undefined || made === undefined) return undefined
  const isRight = deletedRows === 0 ? made === given : made <= given && given - made <= deletedRows
  return isRight
    ? undefined
    : `column ${name} has ${made} nulls; the inputs have ${given}, and ${deletedRows} rows were deleted`
}

function total(id: number, files: readonly Figures[]): number | undefined {
  let sum = 0
  for (const file of files) {
    const nulls = file.get(id)?.nulls
    if (nulls === undefined) return undefined
    sum += nulls
  }
  return sum
}

// Unknown as soon as one file that has values does not say.
function outermost(
  id: number,
  files: readonly Figures[],
  side: 'lower' | 'upper',
  order: (a: Uint8Array, b: Uint8Array) => number,
): ColumnBound | undefined {
  let found: ColumnBound | undefined
  for (const file of files) {
    const figures = file.get(id)
    if (figures === undefined) return undefined
    if (figures.nulls === figures.values) continue
    const bound = figures[side]
    if (bound === undefined) return undefined
    const compared = found === undefined ? 0 : order(bound.value, found.value)
    if (found === undefined || (side === 'lower' ? compared < 0 : compared > 0)) found = bound
  }
  return found
}

function boundOrder(type: PrimitiveType): (a: Uint8Array, b: Uint8Array) => number {
  switch (type.kind) {
    case 'string':
    case 'binary':
    case 'fixed':
    case 'uuid':
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      // A bound of text may end inside of a character.
      return (a, b) => Buffer.compare(a, b)
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return (a, b) => compareLiterals(type, decodeSingleValue(type, a), decodeSingleValue(type, b))
  }
}

function boundOf({ leaf }: ColumnMetrics, bound: Bound | undefined): ColumnBound | undefined {
  if (bound === undefined) return undefined
  const value = icebergBound(leaf.type, annotationOf(leaf.element), bound.bytes)
  return value === undefined ? undefined : { value, isExact: bound.isExact }
}
