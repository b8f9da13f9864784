import type { NewColumn } from '@moraine/api/rest/table-change-schemas'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { parsePrimitiveType } from '@moraine/iceberg/schema/type-text'
import type { JsonValue } from '@moraine/stdx/exact-json'
import {
  failAt,
  flag,
  inside,
  type JsonDecoder,
  type JsonPlace,
  type JsonRecord,
  listOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'

/** Gives out the ids of new columns. */
export type NextId = () => number

/**
 * A column that a request describes. Ids are given out as the reference implementation does for a column that is added:
 * all of a level before those inside it.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request
 */
export function parseColumn(column: NewColumn, at: JsonPlace, nextId: NextId): NestedField {
  const id = nextId()
  return parseField(column, at, id, nextId)
}

/** Columns of one struct. */
export function parseColumns(columns: readonly NewColumn[], at: JsonPlace, nextId: NextId): readonly NestedField[] {
  return columns
    .map((column) => ({ column, id: nextId() }))
    .map(({ column, id }, index) => parseField(column, inside(at, index), id, nextId))
}

/** A type as text or as Iceberg's JSON, in which ids are passed over. */
function parseType(value: JsonValue, at: JsonPlace, nextId: NextId): IcebergType {
  if (typeof value === 'string')
    return parsePrimitiveType(value.trim()) ?? failAt(at, `'${value}' is no type of Iceberg`)
  const json = record(value, at)
  const kind = required(json, 'type', text)
  if (kind === 'struct') return { kind, fields: parseStruct(json, nextId) }
  if (kind === 'list') {
    const elementId = nextId()
    const elementRequired = optional(json, 'element-required', flag) ?? false
    return { kind, elementId, elementRequired, element: required(json, 'element', typeWith(nextId)) }
  }
  if (kind === 'map') {
    const [keyId, valueId] = [nextId(), nextId()]
    const key = required(json, 'key', typeWith(nextId))
    const valueRequired = optional(json, 'value-required', flag) ?? false
    return { kind, keyId, key, valueId, valueRequired, value: required(json, 'value', typeWith(nextId)) }
  }
  return failAt(inside(at, 'type'), `is ${kind}, not struct, list or map`)
}

function typeWith(nextId: NextId): JsonDecoder<IcebergType> {
  return (value, at) => parseType(value, at, nextId)
}

function parseField(
  { name, type, required: isRequired = false, comment }: NewColumn,
  at: JsonPlace,
  id: number,
  nextId: NextId,
): NestedField {
  return {
    id,
    name,
    required: isRequired,
    // What came as JSON is JSON.
    type: parseType(type as JsonValue, inside(at, 'type'), nextId),
    ...(comment !== undefined && comment !== '' && { doc: comment }),
  }
}

function parseStruct(json: JsonRecord, nextId: NextId): readonly NestedField[] {
  const fields = required(json, 'fields', listOf(decodeColumn))
  if (fields.length === 0) failAt(inside(json.place, 'fields'), 'is empty')
  return parseColumns(fields, inside(json.place, 'fields'), nextId)
}

const decodeColumn: JsonDecoder<NewColumn> = (value, at) => {
  const json = record(value, at)
  for (const key of ['initial-default', 'write-default']) {
    if (json.object[key] !== undefined) failAt(inside(at, key), 'cannot be given here; use the Iceberg REST catalog')
  }
  const name = required(json, 'name', text)
  if (name === '') failAt(inside(at, 'name'), 'is empty')
  const comment = optional(json, 'doc', text) ?? optional(json, 'comment', text)
  return {
    name,
    // It is checked where its ids are given out.
    type: required(json, 'type', (type) => type as NewColumn['type']),
    required: optional(json, 'required', flag) ?? false,
    ...(comment !== undefined && { comment }),
  }
}
