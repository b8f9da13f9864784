import type { JsonValue } from '@moraine/stdx/exact-json'
import { failAt, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import type { PrimitiveType } from '../schema/type.ts'
import { type FilterLiteral, type Placement, placeLiteral } from './filter-literal.ts'

/**
 * What a JSON literal is among the values of a type; `undefined` if it cannot be compared with them. Beyond the JSON form
 * of the type's values, an integer is days for a date and microseconds for times and timestamps, a number may be compared
 * with any other numeric type, and a number for a `float` is rounded to one, as the reference implementation does.
 */
export function placeJsonLiteral(type: PrimitiveType, value: JsonValue, place: JsonPlace): Placement | undefined {
  switch (type.kind) {
    case 'float':
    case 'double':
      return placeFloating(type.kind, value)
    case 'date':
      return isInteger(value) ? placeLiteral({ kind: 'int' }, numberLiteral(value)) : textLiteral(type, value, 'date')
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return isInteger(value) ? placeMicros(value, 1n) : textLiteral(type, value, 'string')
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return isInteger(value) ? placeMicros(value, 1000n) : textLiteral(type, value, 'string')
    case 'decimal':
      return typeof value === 'string' ? textLiteral(type, value, 'number') : placeNumber(type, value, place)
    case 'int':
    case 'long':
      return placeNumber(type, value, place)
    case 'boolean':
      return typeof value === 'boolean' ? { kind: 'value', value } : undefined
    case 'fixed':
      return typeof value === 'string' && value.length === 2 * type.length
        ? textLiteral(type, value, 'binary')
        : undefined
    case 'binary':
      return textLiteral(type, value, 'binary')
    case 'string':
    case 'uuid':
      return textLiteral(type, value, 'string')
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      return undefined
  }
}

type TextKind = Exclude<FilterLiteral['kind'], 'boolean'>

function textLiteral(type: PrimitiveType, value: JsonValue, kind: TextKind): Placement | undefined {
  return typeof value === 'string' ? placeLiteral(type, { kind, text: value }) : undefined
}

function isInteger(value: JsonValue): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
}

function numberLiteral(value: number | bigint): FilterLiteral {
  return { kind: 'number', text: String(value) }
}

function placeNumber(type: PrimitiveType, value: JsonValue, place: JsonPlace): Placement | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  // A double holds no more than 15 decimal digits exactly: with more, what was meant is lost already.
  const digits =
    typeof value === 'number' && !Number.isSafeInteger(value) ? String(value).replace(/e.*|[^\d]/g, '') : ''
  if (digits.length > 15) return failAt(place, `is the number ${value}, which JSON rounds; write it as text`)
  return placeLiteral(type, numberLiteral(value))
}

function placeMicros(value: number | bigint, nanosPerMicro: bigint): Placement | undefined {
  return placeLiteral({ kind: 'long' }, numberLiteral(BigInt(value) * nanosPerMicro))
}

const FLOAT_MAX = 3.4028234663852886e38

function placeFloating(kind: 'float' | 'double', value: JsonValue): Placement | undefined {
  if (value === 'Infinity') return { kind: 'value', value: Number.POSITIVE_INFINITY }
  if (value === '-Infinity') return { kind: 'value', value: Number.NEGATIVE_INFINITY }
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const number = Number(value)
  if (kind === 'double') return { kind: 'value', value: number }
  const rounded = Math.fround(number)
  if (Number.isFinite(rounded) || !Number.isFinite(number)) return { kind: 'value', value: rounded }
  // Between the largest float and infinity.
  return { kind: 'between', below: number > 0 ? FLOAT_MAX : Number.NEGATIVE_INFINITY }
}
