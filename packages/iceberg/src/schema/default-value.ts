import type { JsonValue } from '@moraine/stdx/exact-json'
import { failAt, inside, type JsonDecoder, listOf, record, required } from '@moraine/stdx/exact-json-decode'
import { jsonFloatingNumber, jsonSingleValue } from '../value/json-single-value.ts'
import { type DefaultValue, type IcebergType, isPrimitive, type StructType } from './type.ts'

/**
 * The decoder of a field's default: checks it against the field's type and keeps it in its JSON form. A struct's default
 * holds values by field id, in practice none (table spec, "Default values").
 */
export function defaultValue(type: IcebergType): JsonDecoder<DefaultValue> {
  return (value, place) => {
    checkValue(type)(value, place)
    // Anything but null passes the check, and null counts as no default at all.
    return value as DefaultValue
  }
}

/** The JSON of a default, written so that every reader takes it for a value of the type. */
export function encodeDefault(type: IcebergType, value: unknown): JsonValue {
  if (type.kind === 'float' || type.kind === 'double') return jsonFloatingNumber(Number(value))
  if (type.kind === 'list') return (value as readonly unknown[]).map((item) => encodeOrNull(type.element, item))
  if (type.kind === 'map') {
    const { keys, values } = value as { keys: readonly unknown[]; values: readonly unknown[] }
    return {
      keys: keys.map((item) => encodeOrNull(type.key, item)),
      values: values.map((item) => encodeOrNull(type.value, item)),
    }
  }
  if (type.kind !== 'struct') return value as JsonValue
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([id, item]) => [
      id,
      encodeOrNull(type.fields.find((field) => field.id === Number(id))?.type ?? { kind: 'unknown' }, item),
    ]),
  )
}

function encodeOrNull(type: IcebergType, value: unknown): JsonValue {
  return value === null ? null : encodeDefault(type, value)
}

function checkValue(type: IcebergType): JsonDecoder<unknown> {
  if (isPrimitive(type)) return jsonSingleValue(type)
  switch (type.kind) {
    case 'list':
      return listOf(orNull(checkValue(type.element)))
    case 'map':
      return checkMap(checkValue(type.key), orNull(checkValue(type.value)))
    case 'struct':
      return checkStruct(type)
  }
}

function checkMap(key: JsonDecoder<unknown>, value: JsonDecoder<unknown>): JsonDecoder<unknown> {
  return (json, place) => {
    const object = record(json, place)
    const keys = required(object, 'keys', listOf(key))
    const values = required(object, 'values', listOf(value))
    return keys.length === values.length ? json : failAt(place, 'has not as many keys as values')
  }
}

function checkStruct(type: StructType): JsonDecoder<unknown> {
  return (json, place) => {
    for (const [id, value] of Object.entries(record(json, place).object)) {
      const field = type.fields.find((candidate) => candidate.id.toString() === id)
      if (field === undefined) failAt(inside(place, id), 'is no field of the struct')
      orNull(checkValue(field.type))(value ?? null, inside(place, id))
    }
    return json
  }
}

function orNull(check: JsonDecoder<unknown>): JsonDecoder<unknown> {
  return (value, place) => (value === null ? null : check(value, place))
}
