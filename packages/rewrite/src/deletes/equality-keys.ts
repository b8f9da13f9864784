import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { convertLeaf, describeLeaf, describeType } from '../read-plan/convert-leaf.ts'
import type { FileColumn } from '../read-plan/file-column.ts'
import {
  groupByShape,
  rowKeyColumn,
  type SourceColumn,
  type SourceFile,
  type SourceShape,
  sequenceColumn,
  sourceSql,
} from '../read-plan/row-source.ts'
import { stagedNames } from '../read-plan/staging-edits.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { sqlDefault, sqlNull } from '../sql/sql-literal.ts'
import { sqlName } from '../sql/sql-text.ts'
import { ROW_KEY, SEQUENCE } from './delete-tables.ts'

/** Statements that find the rows that equality deletes hit, by two ways. */
export type EqualityHits = {
  /** The keys of the rows, as {@link ROW_KEY} has them, each once. */
  readonly rowsSql: string
  /** Their number as `rows`, and their sum as text as `total`, by another join: a fault in one of the two shows. */
  readonly witnessSql: string
}

/** Equality delete files with the same field ids. */
export type EqualitySet = { readonly equalityIds: readonly number[]; readonly files: readonly SourceFile[] }

export type KeyContext = {
  /** The current schema first; columns that have since been dropped still delete. */
  readonly schemas: readonly Schema[]
  /** Values of data columns that files do not hold, by field id. */
  readonly constants: ReadonlyMap<number, string>
}

/**
 * Plans the application of equality deletes of one set of fields. A row is deleted if its key equals one of a delete with
 * a higher sequence number; null equals null and NaN equals NaN (table spec, "Equality Delete Files"), and as in the
 * reference implementation, -0 is not 0.
 *
 * Neither statement holds more in memory than the keys of the set's files and the rows that they hit.
 */
export function equalityHits(set: EqualitySet, dataShapes: readonly SourceShape[], context: KeyContext): EqualityHits {
  const fields = set.equalityIds.map((id) => keyField(id, set, context.schemas))
  const columns = (side: 'data' | 'delete') =>
    fields.flatMap((field) => keyColumnsOf(field, KEY_PREFIX, context.constants, side))
  const data = sourceSql(dataShapes, [rowKeyColumn(ROW_KEY), sequenceColumn(SEQUENCE), ...columns('data')])
  const keys = sourceSql(groupByShape(set.files), [sequenceColumn(SEQUENCE), ...columns('delete')])
  const equal = columns('data').map(({ name }) => `d.${sqlName(name)} IS NOT DISTINCT FROM e.${sqlName(name)}`)
  const match = [...equal, `d.${sqlName(SEQUENCE)} < e.${sqlName(SEQUENCE)}`].join(' AND ')
  const joined = (join: string) => `(\n${data}\n) d ${join} (\n${keys}\n) e ON ${match}`
  const key = `d.${sqlName(ROW_KEY)}`
  return {
    rowsSql: `SELECT ${key} AS k FROM ${joined('SEMI JOIN')}`,
    witnessSql: `SELECT count(DISTINCT ${key}) AS rows, CAST(sum(DISTINCT ${key}) AS VARCHAR) AS total FROM ${joined('JOIN')}`,
  }
}

const KEY_PREFIX = `${INTERNAL_PREFIX}q_`

type KeyField = { readonly field: NestedField; readonly type: PrimitiveType }

function keyField(id: number, set: EqualitySet, schemas: readonly Schema[]): KeyField {
  for (const schema of schemas) {
    const found = indexSchema(schema).fieldsById.get(id)
    if (found === undefined) continue
    const { type } = found.field
    if (isPrimitive(type) && !found.repeated) return { field: found.field, type }
    throw new MoraineError('corrupt', `${nameOf(set)} deletes by ${found.fullName}, which cannot be compared`)
  }
  throw new MoraineError('unsupported', `${nameOf(set)} deletes by field ${id}, which no known schema of the table has`)
}

function nameOf(set: EqualitySet): string {
  return must(set.files[0], 'a delete file').filePath
}

// A floating-point key has its sign as a second column: DuckDB holds -0 and 0 for equal.
function keyColumnsOf(
  { field, type }: KeyField,
  prefix: string,
  constants: ReadonlyMap<number, string>,
  side: 'data' | 'delete',
): readonly SourceColumn[] {
  const value = (shape: SourceShape) => {
    const found = findKey(field.id, shape.columns, type, shape)
    if (found !== undefined) return found
    if (side === 'data') return constants.get(field.id) ?? sqlDefault(field, field.name) ?? sqlNull(type)
    throw new MoraineError('corrupt', `${shape.files[0]?.filePath} lacks field ${field.id}, by which it deletes`)
  }
  const column: SourceColumn = { name: `${prefix}${field.id}`, sql: value }
  if (type.kind !== 'float' && type.kind !== 'double') return [column]
  const sign = (shape: SourceShape) => `(NOT isnan(${value(shape)}) AND signbit(${value(shape)}))`
  return [column, { name: `${prefix}${field.id}_sign`, sql: sign }]
}

// A key may stand inside structs; a null struct has a null key.
function findKey(
  id: number,
  columns: readonly FileColumn[],
  wanted: PrimitiveType,
  shape: SourceShape,
  parent?: string,
): string | undefined {
  const names = stagedNames(columns, parent === undefined ? 'top' : 'nested')
  for (const [at, column] of columns.entries()) {
    const name = sqlName(names[at] ?? '')
    const value = parent === undefined ? name : `${parent}.${name}`
    const { type } = column
    if (type.kind === 'struct') {
      const found = findKey(id, type.columns, wanted, shape, value)
      if (found !== undefined) return found
    } else if (column.fieldId === id) {
      const converted = type.kind === 'leaf' ? convertLeaf(value, type, wanted) : undefined
      if (converted !== undefined) return converted
      const held = type.kind === 'leaf' ? describeLeaf(type) : type.kind
      throw new MoraineError(
        'unsupported',
        `${shape.files[0]?.filePath}: column ${column.path.join('.')} holds ${held}, which cannot be compared as ${describeType(wanted)}`,
      )
    }
  }
  return undefined
}
