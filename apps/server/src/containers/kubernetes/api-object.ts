/** JSON of others, of which nothing is known but that it is an object. */
export type ApiObject = { readonly [key: string]: unknown }

export function isApiObject(value: unknown): value is ApiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands at the path; `undefined` if there is nothing, or if the path leads through something else than objects. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isApiObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value)
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'number' ? found : undefined
}

/** The objects of a list; none where there is no list. */
export function objectsAt(value: unknown, ...path: readonly string[]): readonly ApiObject[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found.filter(isApiObject) : []
}
