import type { Column } from '@aws-sdk/client-glue'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { unreachable } from '@moraine/stdx/assert'

/**
 * The columns of a table as Glue shows them, as Iceberg's reference implementation writes them
 * (`IcebergToGlueConverter`): those of the current schema, then names that only older schemas have, with field ids in
 * their parameters. They are for show: readers of Iceberg take the schema from the metadata. Comments that somebody gave
 * a column in Glue stay where the schema has none.
 */
export function glueColumns(
  { schemas, currentSchemaId }: Pick<TableMetadata, 'schemas' | 'currentSchemaId'>,
  before: readonly Column[] = [],
): Column[] {
  const comments = new Map<string | undefined, string | undefined>()
  for (const { Name, Comment } of before) if (Comment !== undefined && !comments.has(Name)) comments.set(Name, Comment)
  const columns = new Map<string, Column>()
  const current = schemas.filter(({ schemaId }) => schemaId === currentSchemaId)
  const older = schemas.filter(({ schemaId }) => schemaId !== currentSchemaId)
  for (const { schemaId, fields } of [...current, ...older]) {
    for (const field of fields) {
      if (columns.has(field.name)) continue
      columns.set(field.name, glueColumn(field, schemaId === currentSchemaId, comments.get(field.name)))
    }
  }
  return [...columns.values()]
}

function glueColumn(field: NestedField, isCurrent: boolean, before: string | undefined): Column {
  const comment = field.doc || before
  return {
    Name: field.name,
    Type: glueType(field.type),
    // Glue refuses longer ones, and the table with them.
    ...(comment === undefined ? {} : { Comment: comment.slice(0, COMMENT_LENGTH_MAX) }),
    Parameters: {
      'iceberg.field.id': String(field.id),
      'iceberg.field.optional': String(!field.required),
      'iceberg.field.current': String(isCurrent),
    },
  }
}

const COMMENT_LENGTH_MAX = 255

function glueType(type: IcebergType): string {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'float':
    case 'double':
    case 'date':
    case 'string':
    case 'binary':
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      return type.kind
    case 'long':
      return 'bigint'
    case 'time':
    case 'uuid':
      return 'string'
    case 'timestamp':
    case 'timestamptz':
      return 'timestamp'
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return 'timestamp_nano'
    case 'fixed':
      return 'binary'
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}:${glueType(field.type)}`).join(',')}>`
    case 'list':
      return `array<${glueType(type.element)}>`
    case 'map':
      return `map<${glueType(type.key)},${glueType(type.value)}>`
    default:
      return unreachable(type)
  }
}
