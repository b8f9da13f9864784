import type { JsonValue } from '@moraine/stdx/exact-json'
import { malformed } from './rest-route.ts'

/**
 * Refuses the keys by which a careless program makes another object of one: `__proto__`, and `constructor` with a
 * prototype. No part of the protocol is called so, and where a member is not known it is passed over in silence. In maps of
 * texts, as properties are, keys are data: there they are like any other, and kept.
 *
 * @param text what the value was parsed from: nearly none has a sign of such a key
 * @throws {MoraineError} `invalid-input` naming the place
 */
export function refusePoisonedKeys(value: JsonValue, text: string): void {
  if (SIGN.test(text)) look(value, 'request body', false)
}

/** Of the keys, or of letters that are written as numbers. */
const SIGN = /__proto__|constructor|\\u/

/** Members of requests that are maps of texts. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'updates', 'summary', 'metadata'])

function look(value: JsonValue | undefined, place: string, isMap: boolean): void {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) look(item, `${place}[${at}]`, false)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
    const isPoisoned = key === '__proto__' || (key === 'constructor' && hasPrototype(member))
    if (isPoisoned && !(isMap && typeof member === 'string')) {
      throw malformed(
        `${place} has a key ${key === '__proto__' ? key : `${key} with a prototype`}; no such key is taken there`,
      )
    }
    look(member, `${place}.${key}`, MAPS.has(key))
  }
}

function hasPrototype(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
