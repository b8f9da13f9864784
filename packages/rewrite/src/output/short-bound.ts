import { truncateCodePoints } from '@moraine/iceberg/partition/transform-function'

/** Iceberg's default for bounds of text and bytes, `truncate(16)`: code points or bytes. */
const BOUND_LENGTH = 16

/** A bound of a string column, shortened so that it still bounds; `undefined` if there is no such text. */
export function shortTextBound(bytes: Uint8Array, side: 'lower' | 'upper'): Uint8Array | undefined {
  const text = decodeStart(bytes)
  if (text === undefined) return undefined
  const start = truncateCodePoints(text, BOUND_LENGTH)
  if (start.length === text.length || side === 'lower') return Buffer.from(start)
  const points = Array.from(start, (character) => character.codePointAt(0) ?? 0)
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const next = nextCodePoint(points[at] ?? 0)
    if (next !== undefined) return Buffer.from(String.fromCodePoint(...points.slice(0, at), next))
  }
  return undefined
}

/** The same for bytes. */
export function shortBytesBound(bytes: Uint8Array, side: 'lower' | 'upper'): Uint8Array | undefined {
  if (bytes.length <= BOUND_LENGTH) return bytes
  const start = bytes.slice(0, BOUND_LENGTH)
  if (side === 'lower') return start
  for (let at = start.length - 1; at >= 0; at -= 1) {
    const byte = start[at] ?? 0
    if (byte === 0xff) continue
    start[at] = byte + 1
    return start.subarray(0, at + 1)
  }
  return undefined
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// A writer may have cut the bound inside of a character; behind the part that is kept, that does not matter.
function decodeStart(bytes: Uint8Array): string | undefined {
  for (const cut of [0, 1, 2, 3]) {
    if (cut > 0 && bytes.length <= 4 * BOUND_LENGTH + cut) return undefined
    try {
      return UTF8.decode(bytes.subarray(0, bytes.length - cut))
    } catch {
      // Not the end of a character.
    }
  }
  return undefined
}

// Surrogates are no characters of their own, and nothing follows the last code point.
function nextCodePoint(point: number): number | undefined {
  if (point >= 0x10ffff) return undefined
  return point + 1 === 0xd800 ? 0xe000 : point + 1
}
