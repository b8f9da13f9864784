import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import type { TSchema } from 'typebox'

/**
 * Refuses `null` as the value of a map of texts, which the validator would make the empty text of: whoever sends it may as well
 * mean to remove the key.
 *
 * @throws {MoraineError} `invalid-input` naming the key
 */
export function refuseNullValues(value: unknown, schema: TSchema, at: JsonPlace): void {
  const { properties, patternProperties, items } = schema as JsonSchema
  if (typeof value !== 'object' || value === null) return
  const isMap = Object.values(patternProperties ?? {}).some(({ type }) => type === 'string')
  for (const [key, inner] of Object.entries(value)) {
    if (isMap && inner === null)
      failAt(inside(at, key), 'is null, not a text; leave it out, or name it among those to remove')
    const known = Array.isArray(value)
      ? items
      : properties !== undefined && Object.hasOwn(properties, key)
        ? properties[key]
        : undefined
    if (known !== undefined) refuseNullValues(inner, known, inside(at, key))
  }
}

type JsonSchema = {
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly patternProperties?: Readonly<Record<string, { readonly type?: string }>>
  readonly items?: TSchema
}
