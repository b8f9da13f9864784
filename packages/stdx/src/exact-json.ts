import { MoraineError } from './error.ts'
import { hasMoreValues } from './exact-json-count.ts'
import { restoreLongIntegers } from './exact-json-restore.ts'

/** What {@link parseExactJson} returns. An integer is a number where that is exact, else a bigint. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject
/** A key may be called `constructor` or `__proto__`: look keys that are data up with `Object.hasOwn`. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined }

/**
 * Parses JSON without losing digits of 64-bit integers, which `JSON.parse` silently rounds: its result is mended where
 * the text has an integer that long. Numbers with a fraction or an exponent are doubles.
 *
 * @param what names it in messages
 * @param valuesMax how many values it may have: parsed they take far more memory, and time in which nothing else is done
 * @throws {MoraineError} `corrupt` if the text is not JSON, is nested deeper than 256 levels, has more values than it may, or
 * an integer of more than 10,000 digits
 */
export function parseExactJson(text: string, what: string, valuesMax: number = JSON_VALUES_MAX): JsonValue {
  if (hasMoreValues(text, valuesMax))
    throw new MoraineError('corrupt', `${what} has more than ${valuesMax} JSON values`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new MoraineError('corrupt', `${what} is not valid JSON`, { cause })
  }
  const exact = restoreLongIntegers(text, parsed, { depth: MAX_DEPTH, digits: MAX_DIGITS })
  if (exact === 'too-deep') throw new MoraineError('corrupt', `${what} is JSON nested deeper than ${MAX_DEPTH} levels`)
  if (exact === 'too-long')
    throw new MoraineError('corrupt', `${what} has an integer of more than ${MAX_DIGITS} digits`)
  return exact.value as JsonValue
}

/**
 * What one document may have of them unless it is held to less: three times those of a table's metadata with 100,000
 * snapshots, and a gigabyte at the worst.
 */
export const JSON_VALUES_MAX = 2 ** 23

/** Formats a value that may hold bigints; they become JSON integers with all their digits. */
export function formatExactJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? rawJson(item.toString()) : item),
    indent,
  )
}

/** A number with the text it must have in JSON, such as `1.0`; only for {@link formatExactJson}. */
export function jsonNumber(text: string): JsonValue {
  return rawJson(text) as JsonValue
}

// Decoders recurse into what was parsed; this keeps them far from the end of the stack.
const MAX_DEPTH = 256

// To read one takes the square of its digits, or nearly so: ten million are seconds.
const MAX_DIGITS = 10_000

// `JSON.rawJSON` is in Node 22 and later, not yet in TypeScript's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
