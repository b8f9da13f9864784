import type { PrimitiveType } from '../schema/type.ts'
import { decimalPrecision, parseDecimal } from '../value/decimal.ts'
import {
  floorDiv,
  parseIsoDate,
  parseIsoTime,
  parseIsoTimestamp,
  type TimeUnit,
  utcTimestamp,
} from '../value/iso-time.ts'
import type { Literal } from '../value/literal.ts'

/** A literal as a filter has it, before it is known with which column it is compared. */
export type FilterLiteral =
  | { readonly kind: 'number' | 'string' | 'date' | 'time' | 'timestamp' | 'binary'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }

/**
 * What a literal is among the values of a column: one of them, or between two (`1.5` among integers, `below` is the
 * lower), or beyond all.
 */
export type Placement =
  | { readonly kind: 'value'; readonly value: Literal }
  | { readonly kind: 'between'; readonly below: Literal }
  | { readonly kind: 'above-all' | 'below-all' }

/** `undefined` if the literal cannot be compared with values of the type. */
export function placeLiteral(type: PrimitiveType, literal: FilterLiteral): Placement | undefined {
  switch (type.kind) {
    case 'boolean':
      return literal.kind === 'boolean' ? { kind: 'value', value: literal.value } : undefined
    case 'int':
      return asInt(placeNumber(literal, 0, INT))
    case 'long':
      return placeNumber(literal, 0, LONG)
    case 'decimal':
      return placeNumber(literal, type.scale, decimalRange(type.precision))
    case 'float':
    case 'double':
      return literal.kind === 'number' ? placed(Number(literal.text)) : undefined
    case 'string':
      return literal.kind === 'string' ? placed(literal.text) : undefined
    case 'date':
      return placed(parseIsoDate(textOf(literal, 'date') ?? ''))
    case 'time':
      return placeNanos(parseIsoTime(textOf(literal, 'time') ?? '', 'nanos'), 'micros')
    case 'timestamp':
    case 'timestamptz':
      return placeNanos(parseTimestamp(literal, type.kind === 'timestamptz'), 'micros')
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return placeNanos(parseTimestamp(literal, type.kind === 'timestamptz_ns'), 'nanos')
    case 'uuid':
      return literal.kind === 'string' ? placed(parseUuid(literal.text)) : undefined
    case 'fixed':
    case 'binary':
      return literal.kind === 'binary' ? placed(parseHex(literal.text)) : undefined
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      return undefined
  }
}

type Range = { readonly least: bigint; readonly most: bigint }

const INT: Range = { least: -(2n ** 31n), most: 2n ** 31n - 1n }
const LONG: Range = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

function decimalRange(precision: number): Range {
  const most = 10n ** BigInt(precision) - 1n
  return { least: -most, most }
}

/** `divisor` parts of `value` make one unit of the column's. */
function placeAmong(range: Range, value: bigint, divisor: bigint): Placement {
  const below = floorDiv(value, divisor)
  const isExact = below * divisor === value
  if (below < range.least) return { kind: 'below-all' }
  if (below > range.most || (below === range.most && !isExact)) return { kind: 'above-all' }
  return isExact ? { kind: 'value', value: below } : { kind: 'between', below }
}

function placeNumber(literal: FilterLiteral, scale: number, range: Range): Placement | undefined {
  const decimal = literal.kind === 'number' ? parseDecimal(literal.text) : undefined
  if (decimal === undefined) return undefined
  const { unscaled } = decimal
  const shift = unscaled === 0n ? 0 : scale - decimal.scale
  // Larger than every number of the format, before it is written out; or smaller than its digits can be.
  if (decimalPrecision(unscaled) + shift > MAX_DIGITS) return { kind: unscaled > 0n ? 'above-all' : 'below-all' }
  if (shift < -MAX_SHIFT) return { kind: 'between', below: unscaled < 0n ? -1n : 0n }
  return shift < 0
    ? placeAmong(range, unscaled, 10n ** BigInt(-shift))
    : placeAmong(range, unscaled * 10n ** BigInt(shift), 1n)
}

const MAX_DIGITS = 50
// More than a literal has digits, see parseDecimal.
const MAX_SHIFT = 1_100

function asInt(placement: Placement | undefined): Placement | undefined {
  if (placement?.kind === 'value') return { kind: 'value', value: Number(placement.value) }
  return placement?.kind === 'between' ? { kind: 'between', below: Number(placement.below) } : placement
}

function placed(value: Literal | undefined): Placement | undefined {
  return value === undefined ? undefined : { kind: 'value', value }
}

/** `nanos` placed among values of the unit; filters may be finer than the column. */
function placeNanos(nanos: bigint | undefined, unit: TimeUnit): Placement | undefined {
  return nanos === undefined ? undefined : placeAmong(LONG, nanos, unit === 'micros' ? 1000n : 1n)
}

// A date alone is its midnight; a timestamp without a zone is UTC where the column has one, and cannot have one where
// the column has none.
function parseTimestamp(literal: FilterLiteral, isZoned: boolean): bigint | undefined {
  const text = textOf(literal, 'timestamp') ?? textOf(literal, 'date')
  if (text === undefined) return undefined
  const parsed = parseIsoTimestamp(parseIsoDate(text) === undefined ? text : `${text}T00:00`, 'nanos')
  if (parsed === undefined || (!isZoned && parsed.offsetSeconds !== undefined)) return undefined
  return utcTimestamp(parsed, 'nanos')
}

// Text in quotes may stand for whatever the column holds.
function textOf(literal: FilterLiteral, kind: 'date' | 'time' | 'timestamp'): string | undefined {
  return literal.kind === kind || literal.kind === 'string' ? literal.text : undefined
}

function parseUuid(text: string): Uint8Array | undefined {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? parseHex(text.replaceAll('-', '')) : undefined
}

function parseHex(text: string): Uint8Array | undefined {
  return /^(?:[\da-f]{2})*$/i.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined
}
