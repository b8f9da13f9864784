import { nearestKey } from '@moraine/stdx/nearest-key'

/** A key that nobody reads, and the one that was most likely meant. */
export type MisspelledKey = { readonly key: string; readonly meant: string }

/** Of keys that nobody knows those that are nearly one that is known; the others may be for somebody else. */
export function misspelledKeys(given: readonly string[], known: readonly string[]): readonly MisspelledKey[] {
  const read = new Set(known)
  return given
    .filter((key) => !read.has(key) && !known.some((each) => isOfFamily(each, key)))
    .flatMap((key) => {
      const meant = nearestKey(key, known, key.length < SHORT ? 1 : 2)
      return meant === undefined ? [] : [{ key, meant }]
    })
}

/** Of three letters two are another word. */
const SHORT = 6

/** `header.NAME` stands for all that begin like it. */
function isOfFamily(known: string, key: string): boolean {
  const family = /^(.*\.)[A-Z_]+$/.exec(known)?.[1]
  return family !== undefined && key.startsWith(family)
}
