import { MoraineError } from '@moraine/stdx/error'

/** A namespace is a list of levels, none of them empty; the root has none. */
export type Namespace = readonly string[]

export type TableIdentifier = { readonly namespace: Namespace; readonly name: string }

/** Equal for one and the same identifier only: what tables are told apart by where a text is needed. */
export function identifierKey({ namespace, name }: TableIdentifier): string {
  return JSON.stringify([...namespace, name])
}

/** For messages only: levels may contain dots, so the text cannot be taken apart again, and two may have the same. */
export function formatIdentifier({ namespace, name }: TableIdentifier): string {
  return [...namespace, name].join('.')
}

/**
 * Refuses, as `invalid-input`, the root and names that no catalog holds: empty ones, `.` and `..`, which no path can
 * have, those longer than 255 bytes in UTF-8, and those with control characters, one of which (0x1F) separates levels
 * in the REST protocol.
 */
export function checkNamespace(namespace: Namespace): void {
  if (namespace.length === 0) throw new MoraineError('invalid-input', 'a namespace needs at least one level')
  for (const level of namespace) checkName(level, 'namespace level')
}

/** Refuses, as `invalid-input`, what {@link checkNamespace} refuses, in the namespace or in the name. */
export function checkIdentifier({ namespace, name }: TableIdentifier): void {
  if (namespace.length === 0) throw new MoraineError('invalid-input', `table ${name} needs a namespace`)
  checkNamespace(namespace)
  checkName(name, 'table name')
}

const NAME_BYTES_MAX = 255

function checkName(name: string, what: string): void {
  if (name === '' || name === '.' || name === '..') {
    throw new MoraineError('invalid-input', `${JSON.stringify(name)} cannot be a ${what}`)
  }
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new MoraineError('invalid-input', `the ${what} ${name} is longer than ${NAME_BYTES_MAX} bytes in UTF-8`)
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw new MoraineError('invalid-input', `the ${what} ${JSON.stringify(name)} has control characters; rename it`)
  }
}
