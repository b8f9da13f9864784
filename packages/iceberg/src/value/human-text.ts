import { formatUuid } from '@moraine/stdx/random'
import type { PrimitiveType } from '../schema/type.ts'
import { civilDate } from './civil-date.ts'
import { formatDecimal } from './decimal.ts'
import { formatIsoTimestamp } from './iso-time.ts'
import { bigintOf, bytesOf, type Literal, numberOf } from './literal.ts'

/**
 * The text by which the reference implementation shows a value to people (its `toHumanString`): dates as `2024-01-31`,
 * timestamps in ISO 8601, binary in base64, floating-point numbers as Java prints them.
 */
export function humanText(type: PrimitiveType, value: Literal): string {
  switch (type.kind) {
    case 'date':
      return humanDay(numberOf(value))
    case 'time':
      return humanTime(bigintOf(value))
    case 'timestamp':
      return formatIsoTimestamp(bigintOf(value))
    case 'timestamptz':
      return `${formatIsoTimestamp(bigintOf(value))}+00:00`
    case 'timestamp_ns':
      return formatIsoTimestamp(bigintOf(value), 'nanos')
    case 'timestamptz_ns':
      return `${formatIsoTimestamp(bigintOf(value), 'nanos')}+00:00`
    case 'decimal':
      return formatDecimal({ unscaled: bigintOf(value), scale: type.scale })
    case 'float':
      return javaFloatingText(numberOf(value), shortestFloatDigits)
    case 'double':
      return javaFloatingText(numberOf(value), (magnitude) => magnitude.toExponential())
    case 'uuid':
      return bytesOf(value).length === 16 ? formatUuid(bytesOf(value)) : base64(bytesOf(value))
    case 'boolean':
    case 'int':
    case 'long':
    case 'string':
    case 'fixed':
    case 'binary':
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      return value instanceof Uint8Array ? base64(value) : String(value)
  }
}

/** `2024`; `years` counts from 1970. */
export function humanYear(years: number): string {
  return padYear(1970 + years)
}

/** `2024-01`; `months` counts from 1970-01. */
export function humanMonth(months: number): string {
  const years = Math.floor(months / 12)
  return `${humanYear(years)}-${two(months - years * 12 + 1)}`
}

/** `2024-01-31`; `days` counts from 1970-01-01. */
export function humanDay(days: number): string {
  const { year, month, day } = civilDate(days)
  return `${padYear(year)}-${two(month)}-${two(day)}`
}

/** `2024-01-31-05`; `hours` counts from 1970-01-01T00. */
export function humanHour(hours: number): string {
  const days = Math.floor(hours / 24)
  return `${humanDay(days)}-${two(hours - days * 24)}`
}

// Java's LocalTime.toString: seconds only if there are any, then fractions in groups of three digits.
function humanTime(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n)
  const fraction = Number(micros % 1_000_000n)
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`
  if (fraction === 0) return seconds % 60 === 0 ? clock : `${clock}:${two(seconds % 60)}`
  const digits = fraction.toString().padStart(6, '0')
  return `${clock}:${two(seconds % 60)}.${digits.endsWith('000') ? digits.slice(0, 3) : digits}`
}

// Java's Double.toString and Float.toString: at least one digit after the point, an exponent outside of 10^-3 to 10^7.
function javaFloatingText(value: number, shortest: (magnitude: number) => string): string {
  if (!Number.isFinite(value)) return String(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (value === 0) return `${sign}0.0`
  const [mantissa = '', exponentText = '0'] = shortest(Math.abs(value)).split('e')
  const exponent = Number(exponentText)
  const digits = mantissa.replace('.', '')
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

function shortestFloatDigits(magnitude: number): string {
  for (let fraction = 0; fraction < 9; fraction += 1) {
    const text = magnitude.toExponential(fraction)
    if (Math.fround(Number(text)) === Math.fround(magnitude)) return text
  }
  return magnitude.toExponential()
}

function padYear(year: number): string {
  return year < 0 ? `-${(-year).toString().padStart(3, '0')}` : year.toString().padStart(4, '0')
}

function two(value: number): string {
  return value < 10 ? `0${value}` : value.toString()
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
