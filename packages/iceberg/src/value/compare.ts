import { MoraineError } from '@moraine/stdx/error'
import type { PrimitiveType } from '../schema/type.ts'
import { bytesOf, type Literal, numberOf, stringOf } from './literal.ts'

/**
 * The order of two values of a column: negative, zero or positive. Integers, dates and times by value; floating-point
 * numbers with -0.0 before 0.0 and NaN last (table spec, "Sorting"); text by its UTF-8 bytes; uuid, fixed and binary by
 * unsigned bytes; false before true.
 *
 * @throws {MoraineError} `unsupported` for types without an order, see {@link isOrdered}.
 */
export function compareLiterals(type: PrimitiveType, a: Literal, b: Literal): number {
  switch (type.kind) {
    case 'float':
    case 'double':
      return compareFloating(numberOf(a), numberOf(b))
    case 'string':
      return compareUtf8(stringOf(a), stringOf(b))
    case 'uuid':
    case 'fixed':
    case 'binary':
      return Buffer.compare(bytesOf(a), bytesOf(b))
    case 'boolean':
    case 'int':
    case 'long':
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      // JavaScript orders numbers and bigints exactly, also against each other.
      return a < b ? -1 : a > b ? 1 : 0
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      throw new MoraineError('unsupported', `values of type ${type.kind} have no order`)
  }
}

export function isOrdered(type: PrimitiveType): boolean {
  return type.kind !== 'geometry' && type.kind !== 'geography' && type.kind !== 'variant' && type.kind !== 'unknown'
}

/** The order of two texts by their UTF-8 bytes, which is that of their code points; `<` compares UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at += 1) {
    const unitA = a.charCodeAt(at)
    const unitB = b.charCodeAt(at)
    if (unitA !== unitB) return codePointRank(unitA) - codePointRank(unitB)
  }
  return a.length - b.length
}

// Surrogates stand for code points above every other unit, but lie below 0xE000.
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function compareFloating(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return a !== 0 ? 0 : Number(Object.is(b, -0)) - Number(Object.is(a, -0))
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}
