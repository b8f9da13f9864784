import { createHmac, timingSafeEqual } from 'node:crypto'

/** What only who has the key can put on a text that everybody may read. */
export type KeyedMark = {
  of(text: string): Buffer
  /** Whether it is the mark of the text; what is shown may be of any length. How far it is right takes no more or less time. */
  isOf(text: string, shown: Uint8Array): boolean
}

/** HMAC-SHA-256 (RFC 2104). */
export function keyedMark(key: Uint8Array): KeyedMark {
  const of = (text: string) => createHmac('sha256', key).update(text).digest()
  return {
    of,
    isOf(text, shown) {
      const expected = of(text)
      return shown.length === expected.length && timingSafeEqual(shown, expected)
    },
  }
}
