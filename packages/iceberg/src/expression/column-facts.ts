import { MoraineError } from '@moraine/stdx/error'
import type { PrimitiveType } from '../schema/type.ts'
import { isOrdered } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { decodeSingleValue } from '../value/single-value.ts'
import { compareValues, isNan } from './compare-values.ts'

/**
 * What is known of the values of one column in a file, or of one partition field in a manifest. What is not known may
 * be; bounds hold for every value that is neither null nor NaN, and need not be among the values.
 */
export type ColumnFacts = {
  readonly type: PrimitiveType
  readonly mayBeNull: boolean
  readonly mayBeNan: boolean
  /** Whether a value may be other than null, NaN included. */
  readonly mayBeValue: boolean
  /** Whether a value may be other than null and NaN. */
  readonly mayBeOrdered: boolean
  readonly lower?: Literal
  readonly upper?: Literal
}

/** Bounds in the binary form, of which either may be absent. */
export type BinaryBounds = { readonly lower: Uint8Array | undefined; readonly upper: Uint8Array | undefined }

/**
 * The bounds as values. A bound that cannot be decoded, is NaN, or is of a type without an order proves nothing, and two
 * that contradict each other prove nothing either: some writers have compared uuids as signed numbers.
 */
export function decodeBounds(type: PrimitiveType, bounds: BinaryBounds): Pick<ColumnFacts, 'lower' | 'upper'> {
  if (!isOrdered(type)) return {}
  const lower = decodeBound(type, bounds.lower)
  const upper = decodeBound(type, bounds.upper)
  if (lower !== undefined && upper !== undefined && compareValues(type, lower, upper) > 0) return {}
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) }
}

function decodeBound(type: PrimitiveType, bytes: Uint8Array | undefined): Literal | undefined {
  if (bytes === undefined) return undefined
  try {
    const value = decodeSingleValue(type, bytes)
    return isNan(value) ? undefined : value
  } catch (error) {
    if (error instanceof MoraineError && error.kind === 'corrupt') return undefined
    throw error
  }
}
