import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { type IcebergType, isPrimitive } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import { must } from '@moraine/stdx/assert'

/** What statements of a data definition language change of a table. */
export type TableDefinition = {
  readonly at: number
  readonly schema: Schema
  readonly properties: Readonly<Record<string, string>>
}

export function definitionOf(metadata: TableMetadata): TableDefinition {
  return { at: metadata.lastUpdatedMs, schema: currentSchemaOf(metadata), properties: metadata.properties }
}

export function currentSchemaOf({ schemas, currentSchemaId }: TableMetadata): Schema {
  return must(
    schemas.find(({ schemaId }) => schemaId === currentSchemaId),
    `schema ${currentSchemaId}`,
  )
}

/** A type for people: `struct<a: int, b: list<string>>`. */
export function formatType(type: IcebergType): string {
  if (isPrimitive(type)) return formatPrimitiveType(type)
  if (type.kind === 'struct') {
    return `struct<${type.fields.map((field) => `${field.name}: ${formatType(field.type)}`).join(', ')}>`
  }
  if (type.kind === 'list') return `list<${formatType(type.element)}>`
  return `map<${formatType(type.key)}, ${formatType(type.value)}>`
}
