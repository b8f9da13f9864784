import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { addressableNames } from '../sql/column-names.ts'
import { sqlDefault } from '../sql/sql-literal.ts'
import { sqlName } from '../sql/sql-text.ts'
import { convertLeaf, describeLeaf, describeType } from './convert-leaf.ts'
import type { FileColumn, FileType } from './file-column.ts'
import { stagedNames } from './staging-edits.ts'

/** How one file shape is read as a table's columns. */
export type Projection = {
  /** Names the file in errors. */
  readonly fileName: string
  /** Values of columns that the file does not hold, by field id: those of identity partition fields. */
  readonly constants: ReadonlyMap<number, string>
}

/**
 * The SQL expression for a field of the table over a staged file: found by field id at every depth, promoted, with
 * nulls of structs, lists and maps kept as they are. A field that the file does not hold has its partition value, its
 * initial default, or null (table spec, "Column Projection").
 *
 * @param columns the columns of the struct the field is part of
 * @param qualify turns a column's staged name into a reference to it
 * @throws {MoraineError} `unsupported` or `corrupt` naming file and column, if the file holds something else
 */
export function projectField(
  field: NestedField,
  columns: readonly FileColumn[],
  qualify: (name: string) => string,
  projection: Projection,
  place: 'top' | 'nested' = 'top',
): string {
  const at = columns.findIndex((column) => column.fieldId === field.id)
  const column = columns[at]
  if (column === undefined) return missingField(field, projection)
  const name = must(stagedNames(columns, place)[at], 'a staged name')
  return projectValue(qualify(name), column, field.type, projection, 0)
}

function missingField(field: NestedField, projection: Projection): string {
  const value = projection.constants.get(field.id) ?? sqlDefault(field, field.name)
  if (value !== undefined) return value
  throw new MoraineError(
    'corrupt',
    `${projection.fileName} has no column ${field.name} (field id ${field.id}), which is required and has no default`,
  )
}

/** @param depth of enclosing lambdas, so that their parameters have names of their own */
function projectValue(
  value: string,
  column: FileColumn,
  wanted: IcebergType,
  projection: Projection,
  depth: number,
): string {
  const { type } = column
  if (isPrimitive(wanted)) {
    const converted = type.kind === 'leaf' ? convertLeaf(value, type, wanted) : undefined
    return converted ?? refuse(column, wanted, projection)
  }
  if (wanted.kind === 'struct' && type.kind === 'struct') {
    return projectStruct(value, type.columns, wanted.fields, projection, depth)
  }
  if (wanted.kind === 'list' && type.kind === 'list') {
    return projectList(value, type.element, wanted.element, projection, depth)
  }
  if (wanted.kind === 'map' && type.kind === 'map') return projectMap(value, type, wanted, projection, depth)
  return refuse(column, wanted, projection)
}

function projectStruct(
  value: string,
  columns: readonly FileColumn[],
  fields: readonly NestedField[],
  projection: Projection,
  depth: number,
): string {
  const names = addressableNames(fields, 'nested')
  const staged = stagedNames(columns, 'nested')
  const members = fields.map((field) => {
    const at = columns.findIndex((column) => column.fieldId === field.id)
    const column = columns[at]
    if (column === undefined) return missingField(field, projection)
    return projectValue(`${value}.${sqlName(staged[at] ?? '')}`, column, field.type, projection, depth)
  })
  const isPlain =
    columns.length === fields.length &&
    names.every((name, at) => name === staged[at] && members[at] === `${value}.${sqlName(name)}`)
  if (isPlain) return value
  const packed = members.map((member, at) => `${sqlName(names[at] ?? '')} := ${member}`)
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${packed.join(', ')}) END`
}

function projectList(
  value: string,
  element: FileColumn,
  wanted: IcebergType,
  projection: Projection,
  depth: number,
): string {
  const item = `e${depth}`
  const converted = projectValue(item, element, wanted, projection, depth + 1)
  return converted === item ? value : `list_transform(${value}, lambda ${item}: ${converted})`
}

function projectMap(
  value: string,
  { key, value: item }: Extract<FileType, { kind: 'map' }>,
  wanted: Extract<IcebergType, { kind: 'map' }>,
  projection: Projection,
  depth: number,
): string {
  const entry = `e${depth}`
  const keySql = projectValue(`${entry}.key`, key, wanted.key, projection, depth + 1)
  const valueSql = projectValue(`${entry}.value`, item, wanted.value, projection, depth + 1)
  if (keySql === `${entry}.key` && valueSql === `${entry}.value`) return value
  const entries = `list_transform(map_entries(${value}), lambda ${entry}: struct_pack("key" := ${keySql}, "value" := ${valueSql}))`
  return `map_from_entries(${entries})`
}

function refuse(column: FileColumn, wanted: IcebergType, { fileName }: Projection): never {
  const { type } = column
  const held =
    type.kind === 'leaf'
      ? `holds ${describeLeaf(type)}`
      : type.kind === 'unreadable'
        ? type.reason
        : `holds a ${type.kind}`
  throw new MoraineError(
    'unsupported',
    `${fileName}: column ${column.path.join('.')} ${held}, which cannot be read as ${describeType(wanted)}`,
  )
}

/** Every primitive field of a table by id, at any depth. */
export function primitiveFields(fields: readonly NestedField[]): ReadonlyMap<number, IcebergType> {
  const found = new Map<number, IcebergType>()
  const visit = (field: NestedField) => {
    if (isPrimitive(field.type)) found.set(field.id, field.type)
    else childFields(field.type).forEach(visit)
  }
  fields.forEach(visit)
  return found
}
