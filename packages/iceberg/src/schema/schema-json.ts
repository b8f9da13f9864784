import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import {
  failAt,
  flag,
  inside,
  int32,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { defaultValue, encodeDefault } from './default-value.ts'
import type { Schema } from './schema.ts'
import { type IcebergType, isPrimitive, type NestedField } from './type.ts'
import { formatPrimitiveType, parsePrimitiveType } from './type-text.ts'

// Schemas and types in JSON (table spec, Appendix C, "Schemas").

/** A schema without `schema-id`, as old v1 tables have it, has id 0. */
export const decodeSchema: JsonDecoder<Schema> = (value, place) => {
  const json = record(value, place)
  if (required(json, 'type', text) !== 'struct') failAt(inside(place, 'type'), 'is not struct')
  return {
    schemaId: optional(json, 'schema-id', int32) ?? 0,
    fields: required(json, 'fields', listOf(decodeField)),
    identifierFieldIds: optional(json, 'identifier-field-ids', listOf(int32)) ?? [],
  }
}

export function encodeSchema(schema: Schema): JsonObject {
  return {
    type: 'struct',
    'schema-id': schema.schemaId,
    'identifier-field-ids': schema.identifierFieldIds.length === 0 ? undefined : schema.identifierFieldIds,
    fields: schema.fields.map(encodeField),
  }
}

const decodeType: JsonDecoder<IcebergType> = (value, place) => {
  if (typeof value === 'string') return parsePrimitiveType(value) ?? failAt(place, `has the unknown type ${value}`)
  const json = record(value, place)
  const kind = required(json, 'type', text)
  switch (kind) {
    case 'struct':
      return { kind, fields: required(json, 'fields', listOf(decodeField)) }
    case 'list':
      return {
        kind,
        elementId: required(json, 'element-id', int32),
        elementRequired: required(json, 'element-required', flag),
        element: required(json, 'element', decodeType),
      }
    case 'map':
      return {
        kind,
        keyId: required(json, 'key-id', int32),
        key: required(json, 'key', decodeType),
        valueId: required(json, 'value-id', int32),
        valueRequired: required(json, 'value-required', flag),
        value: required(json, 'value', decodeType),
      }
    default:
      return failAt(inside(place, 'type'), `is ${kind}, not struct, list or map`)
  }
}

function encodeType(type: IcebergType): JsonValue {
  if (isPrimitive(type)) return formatPrimitiveType(type)
  switch (type.kind) {
    case 'struct':
      return { type: 'struct', fields: type.fields.map(encodeField) }
    case 'list':
      return {
        type: 'list',
        'element-id': type.elementId,
        element: encodeType(type.element),
        'element-required': type.elementRequired,
      }
    case 'map':
      return {
        type: 'map',
        'key-id': type.keyId,
        key: encodeType(type.key),
        'value-id': type.valueId,
        value: encodeType(type.value),
        'value-required': type.valueRequired,
      }
  }
}

const decodeField: JsonDecoder<NestedField> = (value, place) => {
  const json: JsonRecord = record(value, place)
  const type = required(json, 'type', decodeType)
  return dropUndefined<NestedField>({
    id: required(json, 'id', int32),
    name: required(json, 'name', text),
    required: required(json, 'required', flag),
    type,
    doc: optional(json, 'doc', text),
    initialDefault: optional(json, 'initial-default', defaultValue(type)),
    writeDefault: optional(json, 'write-default', defaultValue(type)),
  })
}

function encodeField(field: NestedField): JsonObject {
  const encoded = (value: unknown) => (value === undefined ? undefined : encodeDefault(field.type, value))
  return {
    id: field.id,
    name: field.name,
    required: field.required,
    type: encodeType(field.type),
    doc: field.doc,
    'initial-default': encoded(field.initialDefault),
    'write-default': encoded(field.writeDefault),
  }
}
