import type { NewTableBody } from '@moraine/api/rest/table-change-schemas'
import type { CreateTable } from '@moraine/catalogs/catalog'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { inside } from '@moraine/stdx/exact-json-decode'
import { parsePartitionFields } from './change-partitioning.ts'
import { namedColumn } from './named-column.ts'
import { parseColumns } from './parse-column.ts'
import { parseSortOrder } from './parse-sort-order.ts'
import { checkProperties, REQUEST } from './plan-table-change.ts'

/**
 * The table that a request describes, as catalogs create it.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request
 */
export function planNewTable(body: NewTableBody): CreateTable {
  const { partitionFields, sortOrder, comment, location, formatVersion, properties = {} } = body
  const schema = schemaOf(body)
  checkProperties(properties, inside(REQUEST, 'properties'))
  return {
    schema,
    ...(partitionFields !== undefined && {
      partitionSpec: { fields: parsePartitionFields(partitionFields, schema, inside(REQUEST, 'partitionFields')) },
    }),
    ...(sortOrder !== undefined && {
      sortOrder: parseSortOrder(sortOrder, schema, inside(REQUEST, 'sortOrder')),
    }),
    ...(location !== undefined && { location }),
    properties: {
      ...properties,
      ...(comment !== undefined && comment !== '' && { comment }),
      ...(formatVersion !== undefined && { 'format-version': String(formatVersion) }),
    },
  }
}

function schemaOf({ columns, identifierFields = [] }: NewTableBody): Schema {
  let lastId = 0
  const nextId = () => {
    lastId += 1
    return lastId
  }
  const fields = parseColumns(columns, inside(REQUEST, 'columns'), nextId)
  const schema: Schema = { schemaId: 0, fields, identifierFieldIds: [] }
  indexSchema(schema, 'invalid-input')
  const place = inside(REQUEST, 'identifierFields')
  const ids = identifierFields.map((name, index) => namedColumn(schema, name, inside(place, index)).field.id)
  return { ...schema, identifierFieldIds: ids }
}
