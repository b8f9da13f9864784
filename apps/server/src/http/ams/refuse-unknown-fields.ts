import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { nearestKey } from '@moraine/stdx/nearest-key'
import type { TSchema } from 'typebox'

/**
 * Refuses fields of a request that its schema does not name: in a change, a field that is passed over is a change that is
 * not made. The request fits the schema otherwise.
 *
 * @throws {MoraineError} `invalid-input` naming the field and what there is
 */
export function refuseUnknownFields(value: unknown, schema: TSchema, at: JsonPlace): void {
  const { properties, items, anyOf, additionalProperties } = schema as JsonSchema
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      if (items !== undefined) refuseUnknownFields(item, items, inside(at, index))
    return
  }
  const objects = anyOf?.filter((each) => (each as JsonSchema).type === 'object') ?? []
  for (const each of objects) refuseUnknownFields(value, each, at)
  if (properties === undefined || additionalProperties === true) return
  for (const [key, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known === undefined) failAt(inside(at, key), unknownText(key, Object.keys(properties)))
    refuseUnknownFields(inner, known, inside(at, key))
  }
}

function unknownText(key: string, known: readonly string[]): string {
  const near = nearestKey(key, known)
  return `is not known; there are ${known.join(', ')}${near === undefined ? '' : `; ${near} is meant`}`
}

type JsonSchema = {
  readonly type?: string
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly items?: TSchema
  readonly anyOf?: readonly TSchema[]
  readonly additionalProperties?: boolean
}
