import { MoraineError } from './error.ts'
import type { JsonObject, JsonValue } from './exact-json.ts'

/**
 * Where in which document a value stands, for messages: `v3.metadata.json: snapshots[2].snapshot-id`. What is wrong
 * there is `corrupt` in a file and `invalid-input` in a request.
 */
export type JsonPlace = {
  readonly document: string
  readonly kind: 'corrupt' | 'invalid-input'
  readonly parent?: JsonPlace
  readonly key?: string | number
}

/** Turns a JSON value into one of the domain, or throws a {@link MoraineError} that names the place. */
export type JsonDecoder<T> = (value: JsonValue, place: JsonPlace) => T

/** A JSON object together with its place. */
export type JsonRecord = { readonly object: JsonObject; readonly place: JsonPlace }

export const record: JsonDecoder<JsonRecord> = (value, place) =>
  typeof value === 'object' && value !== null && !isList(value)
    ? { object: value, place }
    : failAt(place, 'is not an object')

export const text: JsonDecoder<string> = (value, place) =>
  typeof value === 'string' ? value : failAt(place, 'is not text')

export const flag: JsonDecoder<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : failAt(place, 'is neither true nor false')

/** A signed integer of 32 bits. */
export const int32: JsonDecoder<number> = (value, place) =>
  typeof value === 'number' && (value | 0) === value ? value : failAt(place, 'is not an integer of 32 bits')

/** A signed integer that a number holds exactly. */
export const safeInteger: JsonDecoder<number> = (value, place) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : failAt(place, 'is not an integer below 2^53')

/** A signed integer of 64 bits. */
export const int64: JsonDecoder<bigint> = (value, place) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  return failAt(place, 'is not an integer of 64 bits')
}

export function listOf<T>(item: JsonDecoder<T>): JsonDecoder<readonly T[]> {
  return (value, place) =>
    isList(value) ? value.map((entry, at) => item(entry, inside(place, at))) : failAt(place, 'is not a list')
}

/** An object whose keys are data. Look values up with `Object.hasOwn`: a key may be called `constructor`. */
export function mapOf<T>(item: JsonDecoder<T>): JsonDecoder<Readonly<Record<string, T>>> {
  return (value, place) => {
    const { object } = record(value, place)
    const map: Record<string, T> = {}
    for (const key of Object.keys(object)) {
      const decoded = item(object[key] ?? null, inside(place, key))
      // Assigning to it would set the prototype.
      if (key === '__proto__') Object.defineProperty(map, key, { value: decoded, enumerable: true })
      else map[key] = decoded
    }
    return map
  }
}

export function required<T>({ object, place }: JsonRecord, key: string, decode: JsonDecoder<T>): T {
  const value = Object.hasOwn(object, key) ? object[key] : undefined
  return value === undefined || value === null
    ? failAt(inside(place, key), 'is missing')
    : decode(value, inside(place, key))
}

/** `undefined` if the key is not there or its value is null. */
export function optional<T>({ object, place }: JsonRecord, key: string, decode: JsonDecoder<T>): T | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined
  return value === undefined || value === null ? undefined : decode(value, inside(place, key))
}

/** The place of a member of the object, or of the list, at `parent`. */
export function inside(parent: JsonPlace, key: string | number): JsonPlace {
  return { document: parent.document, kind: parent.kind, parent, key }
}

export function failAt(place: JsonPlace, problem: string): never {
  const path = pathOf(place)
  throw new MoraineError(place.kind, `${place.document}: ${path === '' ? 'the document' : path} ${problem}`)
}

function pathOf(place: JsonPlace): string {
  const { parent, key } = place
  if (parent === undefined || key === undefined) return ''
  const before = pathOf(parent)
  if (typeof key === 'number') return `${before}[${key}]`
  return before === '' ? key : `${before}.${key}`
}

// Array.isArray does not narrow readonly arrays.
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
