import type { Schema } from '@moraine/iceberg/schema/schema'
import { type IndexedField, indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive } from '@moraine/iceberg/schema/type'
import { formatType, type TableDefinition } from './table-definition.ts'

/**
 * The statements of Spark SQL that lead from one state of a table to the next, in the order in which they would be run.
 * Columns that only moved are not told of. Secrets among the properties are the caller's to remove.
 */
export function definitionChanges(table: string, before: TableDefinition, after: TableDefinition): readonly string[] {
  const changes = [
    ...schemaChanges(before.schema, after.schema),
    ...propertyChanges(before.properties, after.properties),
  ]
  return changes.map((change) => `ALTER TABLE ${identifier(table)} ${change}`)
}

function schemaChanges(before: Schema, after: Schema): readonly string[] {
  if (before === after) return []
  const old = indexSchema(before).fieldsById
  const now = indexSchema(after).fieldsById
  // What is inside a column that came, or went, came or went with it.
  const came = [...now.values()].filter(({ field, parent }) => !old.has(field.id) && isIn(old, parent))
  const went = [...old.values()].filter(({ field, parent }) => !now.has(field.id) && isIn(now, parent))
  const kept = [...now.values()].flatMap((each) => {
    const known = old.get(each.field.id)
    return known === undefined ? [] : columnChanges(known, each)
  })
  return [
    ...went.map((each) => `DROP COLUMN ${columnName(each)}`),
    ...kept,
    ...(came.length === 0 ? [] : [`ADD COLUMNS (${came.map(columnText).join(', ')})`]),
  ]
}

function isIn(fields: ReadonlyMap<number, IndexedField>, parent: IndexedField | undefined): boolean {
  return parent === undefined || fields.has(parent.field.id)
}

function columnChanges(before: IndexedField, after: IndexedField): readonly string[] {
  const changes: string[] = []
  const name = columnName(after)
  const [old, now] = [before.field, after.field]
  if (old.name !== now.name) changes.push(`RENAME COLUMN ${columnName(before)} TO ${identifier(now.name)}`)
  if (isPrimitive(old.type) && isPrimitive(now.type) && formatType(old.type) !== formatType(now.type)) {
    changes.push(`ALTER COLUMN ${name} TYPE ${formatType(now.type)}`)
  }
  if (old.required !== now.required) changes.push(`ALTER COLUMN ${name} ${now.required ? 'SET' : 'DROP'} NOT NULL`)
  if ((old.doc ?? '') !== (now.doc ?? '')) changes.push(`ALTER COLUMN ${name} COMMENT ${literal(now.doc ?? '')}`)
  return changes
}

function columnText(column: IndexedField): string {
  const { type, required, doc } = column.field
  return `${columnName(column)} ${formatType(type)}${required ? ' NOT NULL' : ''}${doc === undefined ? '' : ` COMMENT ${literal(doc)}`}`
}

function propertyChanges(before: TableDefinition['properties'], after: TableDefinition['properties']): string[] {
  const set = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value)
  const unset = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  const changes: string[] = []
  if (set.length > 0) {
    changes.push(`SET TBLPROPERTIES (${set.map(([key, value]) => `${literal(key)} = ${literal(value)}`).join(',')})`)
  }
  if (unset.length > 0) changes.push(`UNSET TBLPROPERTIES (${unset.map(literal).join(',')})`)
  return changes
}

function columnName({ path }: IndexedField): string {
  return path.map(identifier).join('.')
}

/** Quoted only where a bare word would not do. */
function identifier(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
