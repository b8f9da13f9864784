import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { PartitionField } from '@moraine/iceberg/partition/partition-spec'
import { canTransform } from '@moraine/iceberg/partition/transform'
import { indexSchema, type SchemaIndex } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive } from '@moraine/iceberg/schema/type'

/** What of a table's metadata says how its rows are partitioned. */
export type Partitioning = Pick<TableMetadata, 'schemas' | 'currentSchemaId' | 'partitionSpecs' | 'defaultSpecId'>

/**
 * Where files of a spec go when they are rewritten: the table's current spec, or `undefined` if they are of it, or if
 * rows cannot be told apart by it, and so stay in their partition.
 */
export function outputSpecs(table: Partitioning): (specId: number) => number | undefined {
  const current = table.partitionSpecs.find(({ specId }) => specId === table.defaultSpecId)
  const schema = table.schemas.find(({ schemaId }) => schemaId === table.currentSchemaId)
  if (current === undefined || schema === undefined) return () => undefined
  const index = indexSchema(schema)
  if (!current.fields.every((field) => isComputable(field, index))) return () => undefined
  return (specId) => (specId === current.specId ? undefined : current.specId)
}

function isComputable({ transform, sourceIds }: PartitionField, { fieldsById }: SchemaIndex): boolean {
  if (transform.kind === 'void') return true
  const [sourceId] = sourceIds
  const source = sourceId === undefined ? undefined : fieldsById.get(sourceId)
  if (source === undefined || source.repeated || !isPrimitive(source.field.type)) return false
  return transform.kind !== 'unknown' && canTransform(transform, source.field.type)
}
