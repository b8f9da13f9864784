import { unreachable } from '@moraine/stdx/assert'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import {
  failAt,
  flag,
  inside,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { formatTransform } from '../partition/transform.ts'
import type { Schema } from '../schema/schema.ts'
import { formatPrimitiveType } from '../schema/type-text.ts'
import { encodeWireValue } from '../value/wire-value.ts'
import { allOf, anyOf, type ComparisonOp, FALSE, negated, type SetOp, TRUE, type UnaryOp } from './expression.ts'
import type { Placement } from './filter-literal.ts'
import { placeJsonLiteral } from './json-literal.ts'
import { placedComparison, placedMembership } from './place-predicate.ts'
import type { ScanFilter, ScanPredicate, ScanTerm } from './scan-filter.ts'
import { decodeScanTerm } from './scan-term-json.ts'

// Filters as the REST catalog protocol has them (rest-catalog-open-api.yaml, "Predicate"). Both forms of predicates are
// read, that with `child`, `left` and `right` and the older one with `term`, `value` and `values`; the older one is
// written, since it is what the reference implementation reads.

/** How the names in a filter are looked up. */
export type FilterScope = { readonly schema: Schema; readonly isCaseSensitive: boolean }

/**
 * The decoder of filters on a table. Literals become values of what they are compared with, exactly: decimals, dates and
 * timestamps from their texts, 64-bit integers with all digits. Integers may stand for dates (days), times and timestamps
 * (microseconds), as the reference implementation sends them. `not` is pushed down to the predicates.
 *
 * What cannot be decoded is an error of the place's kind; a column that is not there, or cannot be compared as the
 * filter wants, is `invalid-input`.
 */
export function decodeScanFilter(scope: FilterScope): JsonDecoder<ScanFilter> {
  const decode: JsonDecoder<ScanFilter> = (value, place) => {
    if (typeof value === 'boolean') return value ? TRUE : FALSE
    const json = record(value, place)
    const type = required(json, 'type', text)
    const op = type.toLowerCase().replaceAll('_', '-')
    switch (op) {
      case 'true':
        return TRUE
      case 'false':
        return FALSE
      case 'literal':
        return required(json, 'value', flag) ? TRUE : FALSE
      case 'not':
        return negated(required(json, 'child', decode))
      case 'and':
        return allOf([required(json, 'left', decode), required(json, 'right', decode)])
      case 'or':
        return anyOf([required(json, 'left', decode), required(json, 'right', decode)])
    }
    if (isUnary(op)) return decodeUnary(op, json, scope)
    if (isComparison(op)) return decodeComparison(op, json, scope)
    if (isSet(op)) return decodeSet(op, json, scope)
    return failAt(inside(place, 'type'), `is ${JSON.stringify(type)}, which is no operation of a filter`)
  }
  return decode
}

/** @throws {MoraineError} `unsupported` for values of types without a JSON form. */
export function encodeScanFilter(filter: ScanFilter): JsonValue {
  if (filter.op === 'true' || filter.op === 'false') return filter.op === 'true'
  return filter.op === 'and' || filter.op === 'or'
    ? encodeJunction(filter.op, filter.operands)
    : encodePredicate(filter)
}

const UNARY: ReadonlySet<string> = new Set<UnaryOp>(['is-null', 'not-null', 'is-nan', 'not-nan'])
const SET: ReadonlySet<string> = new Set<SetOp>(['in', 'not-in'])
const COMPARISON: ReadonlySet<string> = new Set<ComparisonOp>([
  'eq',
  'not-eq',
  'lt',
  'lt-eq',
  'gt',
  'gt-eq',
  'starts-with',
  'not-starts-with',
])

function isUnary(op: string): op is UnaryOp {
  return UNARY.has(op)
}

function isSet(op: string): op is SetOp {
  return SET.has(op)
}

function isComparison(op: string): op is ComparisonOp {
  return COMPARISON.has(op)
}

function decodeUnary(op: UnaryOp, json: JsonRecord, scope: FilterScope): ScanPredicate {
  refuseMembers(json, op, ['value', 'values', 'left', 'right'])
  const ref = operandOf(json, 'child', scope)
  if ((op === 'is-nan' || op === 'not-nan') && ref.type.kind !== 'float' && ref.type.kind !== 'double') {
    return failAt(json.place, `asks ${shown(ref)} for NaN, which has none`)
  }
  return { op, ref }
}

function decodeComparison(op: ComparisonOp, json: JsonRecord, scope: FilterScope): ScanFilter {
  refuseMembers(json, op, ['values', 'child'])
  const ref = operandOf(json, 'left', scope)
  const placement = required(json, oneOf(json, 'value', 'right'), placed(ref))
  if (op !== 'starts-with' && op !== 'not-starts-with') return placedComparison(op, ref, placement)
  if (ref.type.kind !== 'string' || placement.kind !== 'value') {
    return failAt(json.place, `asks for a prefix of ${shown(ref)}, which is not text`)
  }
  return { op, ref, value: placement.value }
}

function decodeSet(op: SetOp, json: JsonRecord, scope: FilterScope): ScanFilter {
  refuseMembers(json, op, ['value', 'left', 'right'])
  const ref = operandOf(json, 'child', scope)
  return placedMembership(op, ref, required(json, 'values', literalsOf(ref)))
}

/** A list of literals, or one whose `data-type` is that of all. */
function literalsOf(ref: ScanTerm): JsonDecoder<readonly Placement[]> {
  const bare = listOf(placed(ref))
  return (value, place) => {
    if (Array.isArray(value)) return bare(value, place)
    const json = record(value, place)
    const type = required(json, 'type', text)
    if (type !== 'literals') return failAt(inside(place, 'type'), `is ${JSON.stringify(type)}, no list of literals`)
    checkDataType(json, ref)
    return required(json, 'values', bare)
  }
}

/** A bare literal, or an object that says it is one. */
function placed(ref: ScanTerm): JsonDecoder<Placement> {
  return (value, place) => {
    const literal = typeof value === 'object' && value !== null ? unwrapped(record(value, place), ref) : value
    return placeJsonLiteral(ref.type, literal, place) ?? failAt(place, `cannot be compared with ${shown(ref)}`)
  }
}

function unwrapped(json: JsonRecord, ref: ScanTerm): JsonValue {
  const type = required(json, 'type', text)
  if (type.toLowerCase() !== 'literal') {
    return failAt(inside(json.place, 'type'), `is ${JSON.stringify(type)}; predicates compare with literals only`)
  }
  checkDataType(json, ref)
  return required(json, 'value', (value) => value)
}

function checkDataType({ object, place }: JsonRecord, ref: ScanTerm): void {
  const declared = Object.hasOwn(object, 'data-type') ? object['data-type'] : undefined
  if (declared === undefined || declared === null) return
  const given = text(declared, inside(place, 'data-type')).toLowerCase().replaceAll(' ', '')
  if (given === formatPrimitiveType(ref.type).replaceAll(' ', '')) return
  failAt(inside(place, 'data-type'), `is ${given}, not that of ${shown(ref)}`)
}

function operandOf(json: JsonRecord, newer: 'child' | 'left', scope: FilterScope): ScanTerm {
  return required(json, oneOf(json, 'term', newer), decodeScanTerm(scope.schema, scope.isCaseSensitive))
}

/** Which of two names for one thing the predicate uses. */
function oneOf({ object, place }: JsonRecord, older: string, newer: string): string {
  if (!Object.hasOwn(object, newer)) return older
  return Object.hasOwn(object, older) ? failAt(place, `has both ${older} and ${newer}`) : newer
}

function refuseMembers({ object, place }: JsonRecord, op: string, names: readonly string[]): void {
  const found = names.find((name) => Object.hasOwn(object, name))
  if (found !== undefined) failAt(inside(place, found), `is not for the operation ${op}`)
}

function shown({ column, transform, type }: ScanTerm): string {
  const term = transform === undefined ? `column ${column.name}` : `${formatTransform(transform)} of ${column.name}`
  return `${term} of type ${formatPrimitiveType(type)}`
}

// In halves, since readers limit how deep documents may be nested.
function encodeJunction(op: 'and' | 'or', operands: readonly ScanFilter[]): JsonValue {
  const [first, ...more] = operands
  if (first === undefined) return op === 'and'
  if (more.length === 0) return encodeScanFilter(first)
  const middle = operands.length >> 1
  return {
    type: op,
    left: encodeJunction(op, operands.slice(0, middle)),
    right: encodeJunction(op, operands.slice(middle)),
  }
}

function encodePredicate(predicate: ScanPredicate): JsonObject {
  const { op, ref } = predicate
  const start = { type: op, term: encodeTerm(ref) }
  switch (predicate.op) {
    case 'is-null':
    case 'not-null':
    case 'is-nan':
    case 'not-nan':
      return start
    case 'in':
    case 'not-in':
      return { ...start, values: predicate.values.map((value) => encodeWireValue(ref.type, value)) }
    case 'eq':
    case 'not-eq':
    case 'lt':
    case 'lt-eq':
    case 'gt':
    case 'gt-eq':
    case 'starts-with':
    case 'not-starts-with':
      return { ...start, value: encodeWireValue(ref.type, predicate.value) }
    default:
      return unreachable(predicate)
  }
}

function encodeTerm({ column, transform }: ScanTerm): JsonValue {
  if (transform === undefined) return column.name
  return { type: 'transform', transform: formatTransform(transform), term: column.name }
}
