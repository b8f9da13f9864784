/**
 * Puts the exact value, a bigint, wherever `JSON.parse` has rounded an integer beyond 2^53. `parsed` is what it made of
 * the text; it is changed in place and returned, unless the text is nested deeper, or has a longer integer, than it may.
 *
 * One pass over the text, which `JSON.parse` has found to be valid, looks at strings only for their end; values are
 * looked up in `parsed` only where such an integer is met. A reviver costs several times as much.
 */
export function restoreLongIntegers(
  text: string,
  parsed: unknown,
  max: { readonly depth: number; readonly digits: number },
): { readonly value: unknown } | 'too-deep' | 'too-long' {
  const document: Container = { 0: parsed }
  const outermost: Level = { ...openLevel(undefined, true), container: document }
  const keys: string[] = []
  let level = outermost
  let at = 0
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      const end = stringEnd(text, at)
      if (level.expectsKey) {
        level.expectsKey = false
        level.keyStart = at + 1
        level.keyEnd = end - 1
        at = text.charCodeAt(end) === COLON ? end + 1 : end
      } else {
        at = end
      }
    } else if (char === MINUS || isDigit(char)) {
      const end = digitsEnd(text, at)
      const isInteger = !isNumberChar(text.charCodeAt(end))
      if (isInteger && end - at > max.digits) return 'too-long'
      if (isInteger && end - at >= LONG_DIGITS) restore(text, at, end, level, keys)
      at = isInteger ? end : numberEnd(text, end)
    } else {
      if (char === COMMA) {
        if (level.isList) level.index += 1
        else level.expectsKey = true
      } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
        if (level.depth === max.depth) return 'too-deep'
        level = openLevel(level, char === OPEN_BRACKET)
      } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
        level = level.parent ?? outermost
      }
      at += 1
    }
  }
  return { value: document[0] }
}

type Container = Record<string | number, unknown>

// One open object or list: where in it the scan stands, and the parsed container once it has been looked up.
type Level = {
  readonly parent: Level | undefined
  readonly depth: number
  readonly isList: boolean
  index: number
  expectsKey: boolean
  keyStart: number
  keyEnd: number
  container: Container | undefined
}

function openLevel(parent: Level | undefined, isList: boolean): Level {
  const depth = parent === undefined ? 0 : parent.depth + 1
  return { parent, depth, isList, index: 0, expectsKey: !isList, keyStart: 0, keyEnd: 0, container: undefined }
}

function restore(text: string, start: number, end: number, level: Level, keys: string[]): void {
  const container = containerOf(level, text, keys)
  if (container === undefined) return
  const key = keyOf(level, text, keys)
  const value = container[key]
  if (Number.isSafeInteger(value)) return
  const exact = BigInt(text.slice(start, end))
  // Where an object has a key twice the last one counts, and this may not be it.
  const rounded = typeof value === 'bigint' ? Number(value) : value
  if (Number(exact) === rounded) container[key] = exact
}

function containerOf(level: Level, text: string, keys: string[]): Container | undefined {
  if (level.container === undefined && level.parent !== undefined) {
    const value = containerOf(level.parent, text, keys)?.[keyOf(level.parent, text, keys)]
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== level.isList) return undefined
    level.container = value as Container
  }
  return level.container
}

// `keys` holds the last key met of each length: comparing costs less than cutting the same few keys out again.
function keyOf(level: Level, text: string, keys: string[]): string | number {
  if (level.isList) return level.index
  const known = keys[level.keyEnd - level.keyStart]
  if (known !== undefined && text.startsWith(known, level.keyStart)) return known
  const key = text.slice(level.keyStart, level.keyEnd)
  if (key.includes('\\')) return JSON.parse(`"${key}"`) as string
  keys[key.length] = key
  return key
}

/** The position after the closing quote. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}

/** The position after a minus sign, if there is one, and digits. */
function digitsEnd(text: string, start: number): number {
  let end = start + 1
  while (isDigit(text.charCodeAt(end))) end += 1
  return end
}

function numberEnd(text: string, start: number): number {
  let end = start
  while (isNumberChar(text.charCodeAt(end))) end += 1
  return end
}

function isDigit(char: number): boolean {
  return char >= ZERO && char <= NINE
}

// Digits, and + - . e E.
function isNumberChar(char: number): boolean {
  return isDigit(char) || char === 0x2b || char === MINUS || char === 0x2e || (char | 0x20) === 0x65
}

/** 2^53 has 16 digits. */
const LONG_DIGITS = 16

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
