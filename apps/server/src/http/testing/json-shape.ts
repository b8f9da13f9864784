/** Kinds of JSON values, joined with |; an object by its fields, `*` standing for the keys of a map; a list by its item. */
export type JsonShape = string | readonly JsonShape[] | { readonly [field: string]: JsonShape }

/** What has no value here where Amoro's had one when it was recorded. */
const NULLABLE = new Set(['comment', 'failReason'])

/** Fields beside those that were recorded are no difference. */
export function differences(shape: JsonShape, value: unknown, at = '', mayBeEmpty = false): readonly string[] {
  const kind = kindOf(value)
  if (typeof shape === 'string') {
    const kinds = shape.split('|')
    const isNull = kind === 'null' && NULLABLE.has(at.split('.').at(-1) ?? '')
    // Of a field that was null whenever it was recorded, nothing more is known.
    return shape === 'null' || kinds.includes(kind) || isNull ? [] : [`${at} is ${kind}, not ${shape}`]
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) return [`${at} is ${kind}, not list`]
    const [item] = shape
    if (item === undefined) return []
    if (value.length === 0) return mayBeEmpty ? [] : [`${at} is empty: nothing to compare`]
    return value.flatMap((each, index) => differences(item, each, `${at}[${index}]`, mayBeEmpty))
  }
  if (kind !== 'object') return [`${at} is ${kind}, not object`]
  const found = new Map(Object.entries(value as object))
  return Object.entries(shape).flatMap(([field, inner]) => {
    if (field === '*') return [...found].flatMap(([key, each]) => differences(inner, each, `${at}.${key}`, mayBeEmpty))
    if (!found.has(field)) return [`${at}.${field} is missing`]
    return differences(inner, found.get(field), `${at}.${field}`, mayBeEmpty)
  })
}

function isList(shape: JsonShape): shape is readonly JsonShape[] {
  return Array.isArray(shape)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}
