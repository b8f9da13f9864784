import { invalid } from './metadata-draft.ts'

type Properties = Readonly<Record<string, string>>

/** Of a name and its value, in UTF-16 units. */
const ENTRY_LENGTH_MAX = 2 ** 20
const ALL_LENGTH_MAX = 16 * 2 ** 20

/**
 * Bounds what a change may put into the properties of a table or view: everybody who loads it is sent them, and each commit
 * writes them anew. What is there already stays, and may be made smaller.
 *
 * @throws {MoraineError} `invalid-input`
 */
export function checkNewProperties(base: Properties | undefined, next: Properties): void {
  if (base === next) return
  const large = Object.entries(next).find(
    ([key, value]) => lengthOf(key, value) > ENTRY_LENGTH_MAX && valueIn(base, key) !== value,
  )
  if (large !== undefined) {
    invalid(
      `property ${large[0].slice(0, 100)} has more than ${ENTRY_LENGTH_MAX} characters; keep it in a file of its own`,
    )
  }
  const length = totalOf(next)
  if (length > ALL_LENGTH_MAX && length > totalOf(base ?? {})) {
    invalid(`all properties together have ${length} characters, more than ${ALL_LENGTH_MAX}; remove some`)
  }
}

function totalOf(properties: Properties): number {
  return Object.entries(properties).reduce((total, [key, value]) => total + lengthOf(key, value), 0)
}

function lengthOf(key: string, value: string): number {
  return key.length + value.length
}

function valueIn(properties: Properties | undefined, key: string): string | undefined {
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined
}
