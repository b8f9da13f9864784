import { MoraineError } from './error.ts'
import { restoreLongIntegers } from './exact-json-restore.ts'

/** What {@link parseExactJson} returns. An integer is a number where that is exact, else a bigint. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject
/** A key may be called `constructor` or `__proto__`: look keys that are data up with `Object.hasOwn`. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined }

/**
 * Parses JSON without losing digits of 64-bit integers, which `JSON.parse` silently rounds: its result is mended where
 * the text has an integer that long. Numbers with a fraction or an exponent are doubles.
 *
 * @throws {MoraineError} `corrupt` if the text is not JSON or is nested deeper than 256 levels; `what` names it.
 */
export function parseExactJson(text: string, what: string): JsonValue {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new MoraineError('corrupt', `${what} is not valid JSON`, { cause })
  }
  const exact = restoreLongIntegers(text, parsed, MAX_DEPTH)
  if (exact === undefined) throw new MoraineError('corrupt', `${what} is JSON nested deeper than ${MAX_DEPTH} levels`)
  return exact as JsonValue
}

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

// `JSON.rawJSON` is in Node 22 and later, not yet in TypeScript's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
