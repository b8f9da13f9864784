import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { convertLeaf, describeLeaf, describeType } from '../read-plan/convert-leaf.ts'
import type { FileColumn } from '../read-plan/file-column.ts'
import {
  groupByShape,
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
import { DELETED, SEQUENCE } from './delete-tables.ts'

/** The keys of all equality delete files of one set of field ids, as a table of the task's database. */
export type EqualityKeys = {
  readonly table: string
  /** Names of the key columns, the same in the table and in the source of rows. */
  readonly columns: readonly string[]
  /** No data file is as young as any of the deletes: sequence numbers need not be compared. */
  readonly appliesToAll: boolean
  /** A column of the table that is never null: the highest sequence number, where it matters. */
  readonly marker: string
  /** Fills {@link table}. */
  readonly createSql: string
  /** The key columns over the data files. */
  readonly sourceColumns: readonly SourceColumn[]
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
 * Plans the application of one set of equality deletes. A row is deleted if its key equals one of a delete with a higher
 * sequence number; null equals null and NaN equals NaN (table spec, "Equality Delete Files"), and as in the
 * reference implementation, -0 is not 0.
 */
export function equalityKeys(
  set: EqualitySet,
  dataFiles: readonly SourceFile[],
  ordinal: number,
  context: KeyContext,
): EqualityKeys {
  const fields = set.equalityIds.map((id) => keyField(id, set, context.schemas))
  const prefix = `${INTERNAL_PREFIX}q${ordinal}_`
  const keyColumns = fields.flatMap((field) => keyColumnsOf(field, prefix, context.constants, 'delete'))
  const table = `${INTERNAL_PREFIX}equality${ordinal}`
  const columns = keyColumns.map((column) => column.name)
  const oldestDelete = Math.min(...set.files.map((file) => file.dataSequenceNumber))
  const appliesToAll = dataFiles.every((file) => file.dataSequenceNumber < oldestDelete)
  const marker = appliesToAll ? DELETED : SEQUENCE
  return {
    table,
    columns,
    appliesToAll,
    marker,
    createSql: createStatement(table, columns, marker, set, keyColumns),
    sourceColumns: fields.flatMap((field) => keyColumnsOf(field, prefix, context.constants, 'data')),
  }
}

// Each key once, so that no row is joined twice. Millions of keys take a third less memory without sequence numbers.
function createStatement(
  table: string,
  columns: readonly string[],
  marker: string,
  set: EqualitySet,
  keyColumns: readonly SourceColumn[],
): string {
  const names = columns.map(sqlName).join(', ')
  const shapes = groupByShape(set.files)
  const rows =
    marker === DELETED
      ? `SELECT DISTINCT ${names}, TRUE AS ${sqlName(DELETED)} FROM (\n${sourceSql(shapes, keyColumns)}\n)`
      : `SELECT ${names}, max(${sqlName(SEQUENCE)}) AS ${sqlName(SEQUENCE)} FROM (\n${sourceSql(shapes, [...keyColumns, sequenceColumn(SEQUENCE)])}\n) GROUP BY ALL`
  return `CREATE TEMP TABLE ${sqlName(table)} AS ${rows}`
}

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
