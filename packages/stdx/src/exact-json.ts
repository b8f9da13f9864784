import { MoraineError } from './error.ts'

/** What {@link parseExactJson} returns. An integer is a number where that is exact, else a bigint. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [key: string]: JsonValue | undefined }

// An integer literal of 16 digits or more may be beyond 2^53 and is read from its source text.
const LONG_INTEGER = /^-?\d{16,}$/

/**
 * Parses JSON without losing digits of 64-bit integers, which `JSON.parse` silently rounds.
 * Objects have no prototype, so a key such as `__proto__` is an ordinary key.
 *
 * @throws {MoraineError} `corrupt` if the text is not JSON; `what` names it.
 */
export function parseExactJson(text: string, what: string): JsonValue {
  try {
    return /\d{16}/.test(text) || text.includes('__proto__')
      ? (JSON.parse(text, reviveExact as (this: unknown, key: string, value: unknown) => unknown) as JsonValue)
      : (JSON.parse(text) as JsonValue)
  } catch (cause) {
    throw new MoraineError('corrupt', `${what} is not valid JSON`, { cause })
  }
}

function reviveExact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === 'number' && context?.source !== undefined && LONG_INTEGER.test(context.source)) {
    return Number.isSafeInteger(value) ? value : BigInt(context.source)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.assign(Object.create(null), value)
  }
  return value
}

/** Formats a value that may hold bigints; they become JSON integers with all their digits. */
export function formatExactJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? rawJson(item.toString()) : item),
    indent,
  )
}

// `JSON.rawJSON` is in Node 22 and later, not yet in TypeScript's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
