import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from './schema.ts'
import { type IndexedField, indexSchema } from './schema-index.ts'
import { isPrimitive } from './type.ts'

/**
 * Checks that a table of the format version may have the schema: types and defaults of the version, ids below the
 * reserved range, identifier fields that can identify.
 *
 * @throws {MoraineError} `invalid-input` that names every problem.
 */
export function checkSchema(schema: Schema, formatVersion: number): void {
  const { fieldsById } = indexSchema(schema, 'invalid-input')
  const problems = [...fieldsById.values()].flatMap((field) => fieldProblems(field, formatVersion))
  for (const id of schema.identifierFieldIds) {
    const problem = identifierProblem(fieldsById.get(id))
    if (problem !== undefined) problems.push(`identifier field ${fieldsById.get(id)?.fullName ?? id} ${problem}`)
  }
  if (problems.length > 0) {
    throw new MoraineError(
      'invalid-input',
      `invalid schema for format version ${formatVersion}: ${problems.join('; ')}`,
    )
  }
}

/** Ids above it belong to metadata columns (table spec, "Reserved Field IDs"). */
const HIGHEST_COLUMN_ID = 2_147_483_447

const TYPES_OF_VERSION_3: ReadonlySet<string> = new Set([
  'timestamp_ns',
  'timestamptz_ns',
  'variant',
  'unknown',
  'geometry',
  'geography',
])

function fieldProblems({ field, fullName }: IndexedField, formatVersion: number): string[] {
  const problems: string[] = []
  if (field.id > HIGHEST_COLUMN_ID) problems.push(`field id ${field.id} of ${fullName} is reserved`)
  if (formatVersion < 3 && TYPES_OF_VERSION_3.has(field.type.kind)) {
    problems.push(`type ${field.type.kind} of ${fullName} needs version 3`)
  }
  if (formatVersion < 3 && field.initialDefault !== undefined) {
    problems.push(`the initial default of ${fullName} needs version 3`)
  }
  if (field.type.kind === 'unknown' && field.required) problems.push(`${fullName} of type unknown must be optional`)
  return problems
}

function identifierProblem(indexed: IndexedField | undefined): string | undefined {
  if (indexed === undefined) return 'does not exist'
  const { field } = indexed
  if (!isPrimitive(field.type)) return 'is not of a primitive type'
  if (!field.required) return 'is optional'
  if (field.type.kind === 'float' || field.type.kind === 'double') return 'is a floating-point number'
  for (let { parent } = indexed; parent !== undefined; parent = parent.parent) {
    if (parent.field.type.kind !== 'struct') return `is inside the ${parent.field.type.kind} ${parent.fullName}`
    if (!parent.field.required) return `is inside the optional struct ${parent.fullName}`
  }
  return undefined
}
