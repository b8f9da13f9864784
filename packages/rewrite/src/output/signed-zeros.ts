import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive } from '@moraine/iceberg/schema/type'
import { decodeSingleValue } from '@moraine/iceberg/value/single-value'
import type { DuckDbSession } from '../duckdb/duckdb-pool.ts'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import { type SourceShape, sourceSql } from '../read-plan/row-source.ts'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'
import type { ColumnFigures } from '../staging/column-figures.ts'

/**
 * Whether some floating-point value of the inputs is -0, or a NaN with a sign. DuckDB's dictionaries take them for 0 and
 * for any other NaN, so such files must be written without dictionaries.
 *
 * Reads only columns that may hold one: bounds above zero, which most columns have, rule it out.
 */
export async function holdSignedZeros(
  session: DuckDbSession,
  shapes: readonly SourceShape[],
  { fields, columns }: Pick<ReadPlan, 'fields' | 'columns'>,
  figures: readonly ReadonlyMap<number, ColumnFigures>[],
): Promise<boolean> {
  const suspects = fields.flatMap((field, at) => {
    const column = columns[at]
    return column !== undefined && mayHold(field.id, field.type, figures) ? [{ field, column }] : []
  })
  if (suspects.length === 0) return false
  const tests = suspects.map(({ field, column }) => {
    return `bool_or(COALESCE(${hasSign(sqlName(column.name), field.type, 0)}, FALSE))`
  })
  const relation = sourceSql(
    shapes,
    suspects.map(({ column }) => column),
  )
  const [row] = await session.query(`SELECT ${tests.join(' OR ')} AS found FROM (\n${relation}\n)`)
  return row?.['found'] === true
}

// Figures exist outside of lists and maps; there, every floating-point value is suspected.
function mayHold(id: number, type: IcebergType, figures: readonly ReadonlyMap<number, ColumnFigures>[]): boolean {
  if (type.kind === 'float' || type.kind === 'double') {
    return !figures.every((file) => {
      const column = file.get(id)
      return column !== undefined && (column.nulls === column.values || isPositive(column.lower?.value))
    })
  }
  if (isPrimitive(type)) return false
  return childFields(type).some((field) => mayHold(field.id, field.type, figures))
}

// A file may hold a float where the table has a double by now.
function isPositive(lower: Uint8Array | undefined): boolean {
  return lower !== undefined && Number(decodeSingleValue({ kind: lower.length === 4 ? 'float' : 'double' }, lower)) > 0
}

function hasSign(value: string, type: IcebergType, depth: number): string {
  if (isPrimitive(type)) {
    const isFloat = type.kind === 'float' || type.kind === 'double'
    return isFloat ? `(signbit(${value}) AND (${value} = 0 OR isnan(${value})))` : 'FALSE'
  }
  const item = `z${depth}`
  switch (type.kind) {
    case 'struct': {
      const names = addressableNames(type.fields, 'nested')
      const parts = type.fields.flatMap((field, at) =>
        holdsFloat(field.type)
          ? [`COALESCE(${hasSign(`${value}.${sqlName(names[at] ?? '')}`, field.type, depth)}, FALSE)`]
          : [],
      )
      return `(${parts.join(' OR ')})`
    }
    case 'list':
      return anyOf(value, item, hasSign(item, type.element, depth + 1))
    case 'map': {
      const sides = [
        ...(holdsFloat(type.key) ? [hasSign(`${item}.key`, type.key, depth + 1)] : []),
        ...(holdsFloat(type.value) ? [hasSign(`${item}.value`, type.value, depth + 1)] : []),
      ]
      return anyOf(`map_entries(${value})`, item, sides.map((side) => `COALESCE(${side}, FALSE)`).join(' OR '))
    }
  }
}

function anyOf(list: string, item: string, condition: string): string {
  return `len(list_filter(${list}, lambda ${item}: COALESCE(${condition}, FALSE))) > 0`
}

function holdsFloat(type: IcebergType): boolean {
  return type.kind === 'float' || type.kind === 'double' || childFields(type).some((field) => holdsFloat(field.type))
}
