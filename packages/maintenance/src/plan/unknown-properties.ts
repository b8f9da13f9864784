import { nearestKey } from '@moraine/stdx/nearest-key'
import { parseOptimizingPolicy } from './optimizing-policy.ts'

/** A property that looks like one of ours and is read by nobody. `meant`: the one that is near. */
export type UnknownProperty = { readonly key: string; readonly meant?: string }

const PREFIX = 'self-optimizing.'
/** Kept with each look at a table. */
const UNKNOWN_MAX = 20

/** In the order of their names, the first of them. */
export function unknownProperties(properties: Readonly<Record<string, string>>): readonly UnknownProperty[] {
  return Object.keys(properties)
    .filter((key) => key.startsWith(PREFIX) && !KNOWN.includes(key))
    .sort()
    .slice(0, UNKNOWN_MAX)
    .map((key) => {
      const meant = nearestKey(key, KNOWN, LETTERS_WRONG)
      return { key, ...(meant !== undefined && { meant }) }
    })
}

/** A third of the letters, as elsewhere, would be many: all begin alike. */
const LETTERS_WRONG = 4

const KNOWN = keysRead()

/** What is read of a table that has no properties is all that is ever read. */
function keysRead(): readonly string[] {
  const keys = new Set<string>()
  const nothing: Readonly<Record<string, string>> = new Proxy(
    {},
    { get: (_, key) => (typeof key === 'string' ? void keys.add(key) : undefined) },
  )
  parseOptimizingPolicy(nothing)
  return [...keys]
}
