import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from './schema.ts'
import { type IndexedField, indexSchema } from './schema-index.ts'
import { isPrimitive } from './type.ts'

/**
 * Checks that a table of the format version may have the schema: types and defaults of the version, not nested too
 * deep, ids below the reserved range, identifier fields that can identify.
 *
 * @throws {MoraineError} `invalid-input` that names every problem.
 */
export function checkSchema(schema: Schema, formatVersion: number): void {
  const { fieldsById } = indexSchema(schema, 'invalid-input')
  const problems = [...fieldsById.values()].flatMap((field) => fieldProblems(field, formatVersion))
  const deep = [...fieldsById.values()].find(isTooDeep)
  if (deep !== undefined) {
    problems.push(
      `${rootOf(deep).fullName} nests types more than ${TYPE_LEVELS_MAX} deep, which readers would not get through`,
    )
  }
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

/**
 * Lists, structs and maps in one another. A struct takes three levels of JSON, of which our reader and those of others take
 * a few hundred: what is let in must be read again, within metadata and requests as well.
 */
export const TYPE_LEVELS_MAX = 64

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

function isTooDeep({ parent }: IndexedField): boolean {
  let levels = 0
  for (let outer = parent; outer !== undefined; outer = outer.parent) levels += 1
  return levels > TYPE_LEVELS_MAX
}

function rootOf(indexed: IndexedField): IndexedField {
  let root = indexed
  while (root.parent !== undefined) root = root.parent
  return root
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
