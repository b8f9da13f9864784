import type { TableDefinitionBody } from '@moraine/api/rest/table-change-schemas'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { formatTransform } from '@moraine/iceberg/partition/transform'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import { databaseName } from '@moraine/management/records/table-name'
import { must } from '@moraine/stdx/assert'
import { withoutSecrets } from '@moraine/storage/without-secrets'

/** A table as it would be described to create it again. */
export function definitionBody(
  catalog: string,
  { identifier, metadata, metadataLocation }: LoadedTable,
): TableDefinitionBody {
  const schema = must(
    metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId),
    `schema ${metadata.currentSchemaId}`,
  )
  const { fieldsById } = indexSchema(schema)
  const nameOf = (id: number | undefined) => (id === undefined ? '' : (fieldsById.get(id)?.fullName ?? `column ${id}`))
  const spec = metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId)
  const order = metadata.sortOrders.find(({ orderId }) => orderId === metadata.defaultSortOrderId)
  const properties = withoutSecrets(metadata.properties)
  return {
    tableIdentifier: { catalog, database: databaseName(identifier.namespace), tableName: identifier.name },
    uuid: metadata.tableUuid ?? '',
    location: metadata.location,
    metadataLocation,
    formatVersion: metadata.formatVersion,
    schemaId: metadata.currentSchemaId,
    columns: schema.fields.map(({ id, name, type, required, doc }) => ({
      id,
      name,
      type: typeBody(type),
      required,
      comment: doc ?? null,
    })),
    identifierFields: schema.identifierFieldIds.map(nameOf),
    partitionFields: (spec?.fields ?? []).map(({ name, sourceIds, transform, fieldId }) => ({
      name,
      source: nameOf(sourceIds[0]),
      transform: formatTransform(transform),
      fieldId,
    })),
    sortOrder: (order?.fields ?? []).map(({ sourceIds, transform, direction, nullOrder }) => ({
      source: nameOf(sourceIds[0]),
      transform: formatTransform(transform),
      direction,
      nullOrder,
    })),
    properties,
    comment: properties['comment'] ?? null,
  }
}

type TypeBody = TableDefinitionBody['columns'][number]['type']

/** Iceberg's JSON, without defaults. */
function typeBody(type: IcebergType): TypeBody {
  if (isPrimitive(type)) return formatPrimitiveType(type)
  if (type.kind === 'struct') return { type: 'struct', fields: type.fields.map(fieldBody) }
  if (type.kind === 'list') {
    const { elementId, elementRequired, element } = type
    return { type: 'list', 'element-id': elementId, element: typeBody(element), 'element-required': elementRequired }
  }
  return {
    type: 'map',
    'key-id': type.keyId,
    key: typeBody(type.key),
    'value-id': type.valueId,
    value: typeBody(type.value),
    'value-required': type.valueRequired,
  }
}

function fieldBody({ id, name, required, type, doc }: NestedField) {
  return { id, name, required, type: typeBody(type), ...(doc !== undefined && { doc }) }
}
