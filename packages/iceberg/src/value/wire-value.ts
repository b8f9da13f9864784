import type { JsonValue } from '@moraine/stdx/exact-json'
import type { JsonDecoder } from '@moraine/stdx/exact-json-decode'
import type { PrimitiveType } from '../schema/type.ts'
import { encodeJsonSingleValue, jsonSingleValue } from './json-single-value.ts'
import { bytesOf, type Literal } from './literal.ts'

// Values as the REST catalog protocol sends them ("PrimitiveTypeValue"): the table spec's JSON form, but for two things
// that the spec leaves open. Bytes are upper-case hexadecimal, and the floating-point values that JSON has no number for
// are the texts "NaN", "Infinity" and "-Infinity", as the reference implementation writes them.

/** @throws {MoraineError} `unsupported` for types without a JSON form. */
export function encodeWireValue(type: PrimitiveType, value: Literal): JsonValue {
  const { kind } = type
  if (kind === 'fixed' || kind === 'binary') return hexText(bytesOf(value))
  const isNumber = (kind !== 'float' && kind !== 'double') || typeof value !== 'number' || Number.isFinite(value)
  return isNumber ? encodeJsonSingleValue(type, value) : String(value)
}

/** The decoder of values of a primitive type; types without a JSON form accept nothing. */
export function wireValue(type: PrimitiveType): JsonDecoder<Literal> {
  const decode = jsonSingleValue(type)
  if (type.kind !== 'float' && type.kind !== 'double') return decode
  return (value, place) => (typeof value === 'string' ? NOT_FINITE.get(value) : undefined) ?? decode(value, place)
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase()
}

const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])
