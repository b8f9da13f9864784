/**
 * Whether a text, if it is JSON, has more than `max` values, without making any of them: `[[],[],[]]` takes thirty times as
 * much memory as text. Containers and what is in them count each, an empty container as if it had a value in it; keys do not count.
 */
export function hasMoreValues(text: string, max: number): boolean {
  // Each but the first takes a character at least.
  if (text.length < max) return false
  let values = 1
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      at = stringEnd(text, at)
    } else if (char === COMMA || char === OPEN_BRACKET || char === OPEN_BRACE) {
      values += 1
      if (values > max) return true
    }
  }
  return false
}

/** The position of the closing quote, or of the end of a text that has none. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) return at
    if (char === BACKSLASH) at += 1
  }
  return text.length
}

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
