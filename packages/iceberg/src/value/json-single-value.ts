import { MoraineError } from '@moraine/stdx/error'
import { type JsonValue, jsonNumber } from '@moraine/stdx/exact-json'
import { failAt, flag, int32, int64, type JsonDecoder, type JsonPlace, text } from '@moraine/stdx/exact-json-decode'
import { formatUuid } from '@moraine/stdx/random'
import type { PrimitiveType } from '../schema/type.ts'
import { formatPrimitiveType } from '../schema/type-text.ts'
import { decimalPrecision, formatDecimal, parseDecimal } from './decimal.ts'
import {
  formatIsoDate,
  formatIsoTime,
  formatIsoTimestamp,
  parseIsoDate,
  parseIsoTime,
  parseIsoTimestamp,
  type TimeUnit,
} from './iso-time.ts'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from './literal.ts'

// The JSON form of single values, in which metadata holds default values (table spec, Appendix D).

/** The decoder of values of a primitive type; types without a JSON form accept nothing. */
export function jsonSingleValue(type: PrimitiveType): JsonDecoder<Literal> {
  return (value, place) =>
    decode(type, value, place) ?? failAt(place, `is no value of type ${formatPrimitiveType(type)}`)
}

/** @throws {MoraineError} `unsupported` for types without a JSON form. */
export function encodeJsonSingleValue(type: PrimitiveType, value: Literal): JsonValue {
  switch (type.kind) {
    case 'boolean':
      return value === true
    case 'int':
      return numberOf(value)
    case 'long':
      return bigintOf(value)
    case 'float':
    case 'double':
      return jsonFloatingNumber(numberOf(value))
    case 'decimal':
      return formatPlainDecimal(bigintOf(value), type.scale)
    case 'date':
      return formatIsoDate(numberOf(value))
    case 'time':
      return formatIsoTime(bigintOf(value))
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return `${formatIsoTimestamp(bigintOf(value), timestampUnit(type))}${isZoned(type) ? '+00:00' : ''}`
    case 'string':
      return stringOf(value)
    case 'uuid':
      return formatUuid(bytesOf(value))
    case 'fixed':
    case 'binary':
      return Buffer.from(bytesOf(value)).toString('hex')
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      throw new MoraineError('unsupported', `values of type ${type.kind} have no JSON form`)
  }
}

/**
 * A floating-point number with a point or an exponent: the reference implementation refuses `1` as a value of type
 * double and wants `1.0`.
 *
 * @throws {MoraineError} `invalid-input` for NaN and infinities, which JSON does not have.
 */
export function jsonFloatingNumber(value: number): JsonValue {
  if (!Number.isFinite(value)) throw new MoraineError('invalid-input', `${value} cannot be written as JSON`)
  const plain = Object.is(value, -0) ? '-0' : String(value)
  return jsonNumber(/[.e]/.test(plain) ? plain : `${plain}.0`)
}

function decode(type: PrimitiveType, value: JsonValue, place: JsonPlace): Literal | undefined {
  switch (type.kind) {
    case 'boolean':
      return flag(value, place)
    case 'int':
      return int32(value, place)
    case 'long':
      return int64(value, place)
    case 'float':
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
    case 'string':
      return text(value, place)
    case 'decimal':
      return decodeDecimalText(type, text(value, place))
    case 'date':
      return parseIsoDate(text(value, place))
    case 'time':
      return parseIsoTime(text(value, place))
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return decodeTimestamp(type, text(value, place))
    case 'uuid':
      return decodeUuid(text(value, place))
    case 'fixed':
      return decodeHex(text(value, place), type.length)
    case 'binary':
      return decodeHex(text(value, place))
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      return undefined
  }
}

function decodeDecimalText(type: PrimitiveType & { kind: 'decimal' }, value: string): bigint | undefined {
  const decimal = parseDecimal(value)
  if (decimal === undefined || decimal.scale !== type.scale) return undefined
  return decimalPrecision(decimal.unscaled) <= type.precision ? decimal.unscaled : undefined
}

// Without an exponent, which would lose the scale of a small number.
function formatPlainDecimal(unscaled: bigint, scale: number): string {
  if (scale <= 0) return formatDecimal({ unscaled, scale })
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

// A zone must be there exactly for the zoned types, and must be UTC.
function decodeTimestamp(type: PrimitiveType, value: string): bigint | undefined {
  const parsed = parseIsoTimestamp(value, timestampUnit(type))
  if (parsed === undefined || parsed.offsetSeconds !== (isZoned(type) ? 0 : undefined)) return undefined
  return BigInt.asIntN(64, parsed.local) === parsed.local ? parsed.local : undefined
}

function timestampUnit(type: PrimitiveType): TimeUnit {
  return type.kind.endsWith('_ns') ? 'nanos' : 'micros'
}

function isZoned(type: PrimitiveType): boolean {
  return type.kind.startsWith('timestamptz')
}

function decodeUuid(value: string): Uint8Array | undefined {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
    ? decodeHex(value.replaceAll('-', ''), 16)
    : undefined
}

function decodeHex(value: string, length?: number): Uint8Array | undefined {
  if (!/^(?:[\da-f]{2})*$/i.test(value)) return undefined
  const bytes = new Uint8Array(Buffer.from(value, 'hex'))
  return length === undefined || bytes.length === length ? bytes : undefined
}
