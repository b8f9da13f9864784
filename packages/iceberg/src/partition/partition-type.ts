import type { Schema } from '../schema/schema.ts'
import { isPrimitive, type NestedField, type PrimitiveType } from '../schema/type.ts'
import type { PartitionField, PartitionSpec } from './partition-spec.ts'
import { transformResultType } from './transform.ts'

/**
 * The types of a partition tuple's values, in the order of the spec's fields. Source columns are found by id at the top
 * level and inside structs (they cannot be inside lists or maps).
 *
 * A source column that is not in the schema counts as `unknown`, the reference implementation's rule: `bucket`, `year`,
 * `month`, `day` and `hour` still have their fixed result types, while `identity`, `truncate` and `void` give
 * `unknown`. A reader takes such a value by the type the manifest's own Avro schema declares.
 */
export function partitionFieldTypes(spec: PartitionSpec, schema: Schema): readonly PrimitiveType[] {
  return spec.fields.map((field) => resultType(field, [schema]))
}

/**
 * Like {@link partitionFieldTypes}, looking for each source column in the current schema, then in the table's other
 * schemas, last added first: old specs may refer to columns that have since been dropped. Since a column's type only
 * ever widens, the first schema found has the widest type.
 */
export function tablePartitionFieldTypes(
  spec: PartitionSpec,
  table: { readonly schemas: readonly Schema[]; readonly currentSchemaId: number },
): readonly PrimitiveType[] {
  const newestFirst = table.schemas.toReversed()
  const schemas = [
    ...newestFirst.filter((schema) => schema.schemaId === table.currentSchemaId),
    ...newestFirst.filter((schema) => schema.schemaId !== table.currentSchemaId),
  ]
  return spec.fields.map((field) => resultType(field, schemas))
}

function resultType(field: PartitionField, schemas: readonly Schema[]): PrimitiveType {
  return transformResultType(field.transform, sourceType(field, schemas))
}

function sourceType(field: PartitionField, schemas: readonly Schema[]): PrimitiveType {
  const [sourceId] = field.sourceIds
  for (const schema of schemas) {
    const type = sourceId === undefined ? undefined : findPrimitive(schema.fields, sourceId)
    if (type !== undefined) return type
  }
  return { kind: 'unknown' }
}

function findPrimitive(fields: readonly NestedField[], id: number): PrimitiveType | undefined {
  for (const field of fields) {
    if (field.id === id) return isPrimitive(field.type) ? field.type : undefined
    const inner = field.type.kind === 'struct' ? findPrimitive(field.type.fields, id) : undefined
    if (inner !== undefined) return inner
  }
  return undefined
}
