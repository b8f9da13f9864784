import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'

/** The order of two values as filters see it: that of the type, but that -0.0 and 0.0 are equal. */
export function compareValues(type: PrimitiveType, a: Literal, b: Literal): number {
  return a === b ? 0 : compareLiterals(type, a, b)
}

export function isNan(value: Literal): boolean {
  return typeof value === 'number' && Number.isNaN(value)
}

export function isFloating(type: PrimitiveType): boolean {
  return type.kind === 'float' || type.kind === 'double'
}

/** Whether the text starts with the prefix; `undefined` values do not. */
export function hasPrefix(value: Literal | undefined, prefix: Literal): boolean {
  return typeof value === 'string' && typeof prefix === 'string' && value.startsWith(prefix)
}
