import { MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, checkNamespace, type Namespace, type TableIdentifier } from '../table-identifier.ts'

/** Builds the paths of one REST catalog, below its base URI. */
export type RestPaths = {
  readonly namespaces: () => string
  readonly namespace: (
    namespace: Namespace,
    below?: 'tables' | 'views' | 'properties' | 'register' | 'register-view',
  ) => string
  readonly table: (identifier: TableIdentifier) => string
  readonly view: (identifier: TableIdentifier) => string
  /** Refuses a namespace that no path could name, which the body of a request could. */
  readonly check: (namespace: Namespace) => void
  readonly transaction: () => string
  readonly rename: (what: 'tables' | 'views') => string
  /** The `parent` parameter of a listing, not encoded. */
  readonly parent: (namespace: Namespace) => string | undefined
}

/** @param prefix as the server's configuration gives it, to be taken as it is; may be empty */
export function restPaths(prefix: string, separator: string): RestPaths {
  const base = prefix === '' ? 'v1' : `v1/${prefix.replace(/^\/+|\/+$/g, '')}`
  const check = (namespace: Namespace) => {
    checkNamespace(namespace)
    const level = namespace.find((each) => each.includes(separator))
    if (level !== undefined) {
      throw new MoraineError('unsupported', `namespace level ${level} has the catalog's separator ${separator}`)
    }
  }
  const encode = (namespace: Namespace) => {
    check(namespace)
    return namespace.map((level) => encodeURIComponent(level)).join(encodeURIComponent(separator))
  }
  return {
    namespaces: () => `${base}/namespaces`,
    namespace: (namespace, below) => `${base}/namespaces/${encode(namespace)}${below === undefined ? '' : `/${below}`}`,
    table: (identifier) => {
      checkIdentifier(identifier)
      return `${base}/namespaces/${encode(identifier.namespace)}/tables/${encodeURIComponent(identifier.name)}`
    },
    view: (identifier) => {
      checkIdentifier(identifier)
      return `${base}/namespaces/${encode(identifier.namespace)}/views/${encodeURIComponent(identifier.name)}`
    },
    check,
    transaction: () => `${base}/transactions/commit`,
    rename: (what) => `${base}/${what}/rename`,
    parent: (namespace) => {
      if (namespace.length === 0) return undefined
      check(namespace)
      return namespace.join(separator)
    },
  }
}

/** What separates the levels of a namespace unless a server's configuration says otherwise. */
export const UNIT_SEPARATOR = '\u001f'
