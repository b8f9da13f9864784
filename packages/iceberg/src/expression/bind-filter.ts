import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from '../schema/schema.ts'
import { type IndexedField, indexSchema } from '../schema/schema-index.ts'
import { isPrimitive } from '../schema/type.ts'
import { formatPrimitiveType } from '../schema/type-text.ts'
import type { Literal } from '../value/literal.ts'
import { type BoundColumn, type BoundExpression, mapPredicates } from './expression.ts'
import { type FilterLiteral, type Placement, placeLiteral } from './filter-literal.ts'
import type { ColumnName, FilterExpression, FilterPredicate } from './parse-filter.ts'
import { placedComparison, placedMembership } from './place-predicate.ts'

/**
 * Finds the columns of a filter in a schema and turns its literals into values of theirs. A column is found by its
 * exact name, else by the name in any case if only one has it. `what` names the setting in errors.
 *
 * @throws {MoraineError} `invalid-input` if a column is missing, ambiguous, inside a list or map, or cannot be compared
 * as the filter wants.
 */
export function bindFilter(filter: FilterExpression, schema: Schema, what: string): BoundExpression {
  return mapPredicates(filter, (predicate) => bindPredicate(predicate, schema, what))
}

function bindPredicate(predicate: FilterPredicate, schema: Schema, what: string): BoundExpression {
  const ref = findColumn(predicate.ref, schema, what)
  switch (predicate.op) {
    case 'is-null':
    case 'not-null':
      return { op: predicate.op, ref }
    case 'is-nan':
    case 'not-nan':
      if (ref.type.kind === 'float' || ref.type.kind === 'double') return { op: predicate.op, ref }
      throw refusal(what, `column ${ref.name} of type ${formatPrimitiveType(ref.type)} has no NaN`)
    case 'in':
    case 'not-in':
      return placedMembership(
        predicate.op,
        ref,
        predicate.values.map((literal) => place(ref, literal, what)),
      )
    case 'starts-with':
    case 'not-starts-with':
      if (ref.type.kind !== 'string') throw refusal(what, `column ${ref.name} is not text and has no prefix`)
      return { op: predicate.op, ref, value: exactValue(ref, predicate.value, what) }
    case 'eq':
    case 'not-eq':
    case 'lt':
    case 'lt-eq':
    case 'gt':
    case 'gt-eq':
      return placedComparison(predicate.op, ref, place(ref, predicate.value, what))
  }
}

function exactValue(ref: BoundColumn, literal: FilterLiteral, what: string): Literal {
  const placement = place(ref, literal, what)
  return placement.kind === 'value' ? placement.value : ''
}

function place(ref: BoundColumn, literal: FilterLiteral, what: string): Placement {
  const placement = placeLiteral(ref.type, literal)
  if (placement !== undefined) return placement
  const text = literal.kind === 'boolean' ? String(literal.value).toUpperCase() : `${literal.kind} ${literal.text}`
  throw refusal(what, `column ${ref.name} of type ${formatPrimitiveType(ref.type)} cannot be compared with ${text}`)
}

/**
 * The column that a filter names: by its exact name, else, unless `isCaseSensitive`, by the name in any case.
 *
 * @throws {MoraineError} `invalid-input` if it is missing, ambiguous, inside a list or map, or not of a primitive type.
 */
export function findColumn(name: ColumnName, schema: Schema, what: string, isCaseSensitive = false): BoundColumn {
  const shown = name.join('.')
  const found = findByPath(name, schema, what, isCaseSensitive)
  if (found === undefined) {
    const columns = schema.fields.map((field) => field.name).join(', ')
    throw refusal(what, `there is no column ${shown}; the table has ${columns}`)
  }
  const { type, id } = found.field
  if (found.repeated) throw refusal(what, `column ${shown} is inside a list or map and has no single value`)
  if (!isPrimitive(type)) throw refusal(what, `column ${shown} is a ${type.kind} and cannot be compared`)
  return { fieldId: id, name: found.fullName, type }
}

// A dot may lead into a struct or be part of a name; names are compared part by part first.
function findByPath(
  name: ColumnName,
  schema: Schema,
  what: string,
  isCaseSensitive: boolean,
): IndexedField | undefined {
  const { fieldsByName, fieldsByLowerName } = indexSchema(schema)
  const fullName = name.join('.')
  const exact = fieldsByName.get(fullName) ?? []
  const byParts = exact.find(
    (field) => field.path.length === name.length && field.path.every((part, at) => part === name[at]),
  )
  if (byParts !== undefined) return byParts
  const candidates = exact.length > 0 || isCaseSensitive ? exact : (fieldsByLowerName.get(fullName.toLowerCase()) ?? [])
  const [first, ...more] = candidates
  if (more.length === 0) return first
  const names = candidates.map((field) => field.path.map((part) => `"${part}"`).join('.'))
  throw refusal(what, `column ${fullName} may be ${names.join(' or ')}; write it in quotes as it is`)
}

function refusal(what: string, message: string): MoraineError {
  return new MoraineError('invalid-input', `${what}: ${message}`)
}
