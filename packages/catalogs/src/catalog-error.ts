import { MoraineError } from '@moraine/stdx/error'
import { formatIdentifier, type Namespace, type TableIdentifier } from './table-identifier.ts'

// What every catalog says of a name that is missing or taken. `context.entity` tells a namespace from a table where a
// protocol needs to know; the words are those that clients of other catalogs are used to.

export type CatalogEntity = 'warehouse' | 'namespace' | 'table'

export function noSuchNamespace(namespace: Namespace): MoraineError {
  return fail('not-found', 'namespace', `Namespace does not exist: ${namespace.join('.')}`)
}

export function noSuchTable(identifier: TableIdentifier): MoraineError {
  return fail('not-found', 'table', `Table does not exist: ${formatIdentifier(identifier)}`)
}

export function namespaceExists(namespace: Namespace): MoraineError {
  return fail('already-exists', 'namespace', `Namespace already exists: ${namespace.join('.')}`)
}

export function tableExists(identifier: TableIdentifier): MoraineError {
  return fail('already-exists', 'table', `Table already exists: ${formatIdentifier(identifier)}`)
}

export function namespaceNotEmpty(namespace: Namespace, holds: string): MoraineError {
  return fail('conflict', 'namespace', `Namespace is not empty: ${namespace.join('.')} holds ${holds}`)
}

function fail(kind: MoraineError['kind'], entity: CatalogEntity, message: string): MoraineError {
  return new MoraineError(kind, message, { context: { entity } })
}
