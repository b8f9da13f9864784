import type { Schema } from '../schema/schema.ts'
import { indexSchema } from '../schema/schema-index.ts'
import { isPrimitive } from '../schema/type.ts'
import { formatPrimitiveType } from '../schema/type-text.ts'
import type { PartitionSpec } from './partition-spec.ts'
import { canTransform, formatTransform, type Transform } from './transform.ts'

/** Why rows of the schema cannot be partitioned by the spec; `undefined` if they can. */
export function findSpecProblem(spec: PartitionSpec, schema: Schema): string | undefined {
  return findUnsourcedField(spec, schema) ?? findNameProblem(spec, schema)
}

/** Why one of the spec's fields cannot be computed from rows of the schema. */
export function findUnsourcedField(spec: PartitionSpec, schema: Schema): string | undefined {
  for (const field of spec.fields) {
    // Void stands for a field that has been dropped, its column maybe too.
    const problem = field.transform.kind === 'void' ? undefined : findSourceProblem(field, schema)
    if (problem !== undefined) return `partition field ${field.name} ${problem}`
  }
  return undefined
}

/**
 * Why the spec's field names cannot stand beside the schema's column names; old specs of a table must pass this too,
 * else other implementations cannot read the table. A field may have the name of a column only if that is its source.
 */
export function findNameProblem(spec: PartitionSpec, schema: Schema): string | undefined {
  const { fieldsById, fieldsByName } = indexSchema(schema)
  const names = new Set<string>()
  for (const { name, sourceIds } of spec.fields) {
    if (name === '') return 'a partition field has an empty name'
    if (names.has(name)) return `two partition fields are called ${name}`
    names.add(name)
    const sourceIsThere = sourceIds.some((id) => fieldsById.has(id))
    const namesake = fieldsByName.get(name)?.find(({ field }) => !sourceIds.includes(field.id))
    if (sourceIsThere && namesake !== undefined) {
      return `partition field ${name} has the name of column ${namesake.field.id}, which is not its source`
    }
  }
  return undefined
}

/** Why a transform cannot be applied to its source columns in the schema, as the end of a sentence. */
export function findSourceProblem(
  { sourceIds, transform }: { readonly sourceIds: readonly number[]; readonly transform: Transform },
  schema: Schema,
): string | undefined {
  // What is not known may be of a later version. This is of none, and the reference implementation reads no table that has it.
  if (transform.kind === 'unknown' && /^(bucket|truncate)\[\d+\]$/i.test(transform.text)) {
    return `has the transform ${transform.text}, whose parameter is no integer from 1 to 2147483647`
  }
  for (const id of sourceIds) {
    const source = indexSchema(schema).fieldsById.get(id)
    if (source === undefined) return `has the source column ${id}, which is not in the schema`
    const { type } = source.field
    if (!isPrimitive(type)) return `has the source column ${source.fullName}, which is a ${type.kind}`
    if (source.repeated) return `has the source column ${source.fullName}, which is inside a list or map`
    if (!canTransform(transform, type)) {
      return `cannot apply ${formatTransform(transform)} to ${source.fullName} of type ${formatPrimitiveType(type)}`
    }
  }
  return undefined
}
