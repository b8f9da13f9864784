import { MoraineError } from '@moraine/stdx/error'

/**
 * One non-null value of a primitive type in memory:
 *
 * | type | representation |
 * |---|---|
 * | boolean | boolean |
 * | int, date (days since 1970-01-01), float, double | number |
 * | long, time (µs), timestamp[tz] (µs), timestamp[tz]_ns (ns) | bigint |
 * | decimal | bigint, unscaled |
 * | string | string |
 * | uuid (16 bytes), fixed, binary | Uint8Array |
 */
export type Literal = boolean | number | bigint | string | Uint8Array

// A value's type stands beside it, in a schema; these are where the two meet. A mismatch means that a file does not hold
// what its schema says. Numbers and bigints pass for each other where exact, since columns are promoted.

export function bigintOf(value: Literal): bigint {
  if (typeof value === 'bigint') return value
  return Number.isSafeInteger(value) ? BigInt(value as number) : mismatch('an integer', value)
}

export function numberOf(value: Literal): number {
  if (typeof value === 'number') return value
  const number = typeof value === 'bigint' ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? number : mismatch('a number', value)
}

export function stringOf(value: Literal): string {
  return typeof value === 'string' ? value : mismatch('text', value)
}

export function bytesOf(value: Literal): Uint8Array {
  return value instanceof Uint8Array ? value : mismatch('bytes', value)
}

function mismatch(wanted: string, value: Literal): never {
  const found = value instanceof Uint8Array ? `${value.length} bytes` : `${typeof value} ${value}`
  throw new MoraineError('corrupt', `a value is ${found} where its column's type wants ${wanted}`)
}
