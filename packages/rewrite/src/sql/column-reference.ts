import { childFields, type IndexedField } from '@moraine/iceberg/schema/schema-index'
import type { NestedField } from '@moraine/iceberg/schema/type'
import { addressableNames } from './column-names.ts'
import { sqlName } from './sql-text.ts'

/**
 * How a column is named in a statement, perhaps inside structs.
 *
 * @param fields of the relation, with their SQL names
 */
export function columnReference(
  column: IndexedField,
  fields: readonly NestedField[],
  names: readonly string[],
): string {
  if (column.parent === undefined)
    return sqlName(names[fields.findIndex((field) => field.id === column.field.id)] ?? '')
  const siblings = childFields(column.parent.field.type)
  const name = addressableNames(siblings, 'nested')[siblings.findIndex((field) => field.id === column.field.id)] ?? ''
  return `${columnReference(column.parent, fields, names)}.${sqlName(name)}`
}
