import { MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import { formatIdentifier, type Namespace, type TableIdentifier } from './table-identifier.ts'

// What every catalog says of a name that is missing or taken. `context.entity` tells a namespace from a table where a
// protocol needs to know; the words are those that clients of other catalogs are used to.

export type CatalogEntity = 'warehouse' | 'namespace' | 'table' | 'view' | 'metadata-file'

export function noSuchWarehouse(catalog: string): MoraineError {
  return fail('not-found', 'warehouse', `Warehouse does not exist: ${catalog}`)
}

export function noSuchNamespace(namespace: Namespace): MoraineError {
  return fail('not-found', 'namespace', `Namespace does not exist: ${namespace.join('.')}`)
}

export function noSuchTable(identifier: TableIdentifier): MoraineError {
  return fail('not-found', 'table', `Table does not exist: ${formatIdentifier(identifier)}`)
}

export function noSuchView(identifier: TableIdentifier): MoraineError {
  return fail('not-found', 'view', `View does not exist: ${formatIdentifier(identifier)}`)
}

export function namespaceExists(namespace: Namespace): MoraineError {
  return fail('already-exists', 'namespace', `Namespace already exists: ${namespace.join('.')}`)
}

export function tableExists(identifier: TableIdentifier): MoraineError {
  return fail('already-exists', 'table', `Table already exists: ${formatIdentifier(identifier)}`)
}

/** A name is wanted for a table or view, and one of the two has it. */
export function nameTaken(wanted: 'table' | 'view', by: 'table' | 'view', identifier: TableIdentifier): MoraineError {
  const what = by === 'table' ? 'Table' : 'View'
  const text = wanted === by ? `${what} already exists` : `${what} with same name already exists`
  return fail('already-exists', wanted, `${text}: ${formatIdentifier(identifier)}`)
}

/** `from` cannot get the name that `by` has. */
export function targetTaken(from: TableIdentifier, to: TableIdentifier, by: 'table' | 'view'): MoraineError {
  const what = by === 'table' ? 'Table' : 'View'
  const text = `Cannot rename ${formatIdentifier(from)} to ${formatIdentifier(to)}. ${what} already exists`
  return fail('already-exists', by, text)
}

export function namespaceNotEmpty(namespace: Namespace, holds: string): MoraineError {
  return fail('conflict', 'namespace', `Namespace is not empty: ${namespace.join('.')} holds ${holds}`)
}

/** For calls that have no outcome to return: `done` is what may have been `created`, `renamed` and so on. */
export function changeUncertain(
  what: 'table' | 'view',
  identifier: TableIdentifier,
  done: string,
  cause: Error,
): MoraineError {
  const text = `${what} ${formatIdentifier(identifier)} may or may not have been ${done}`
  return outcomeUnknown(`${text}; look for it before that is asked for again, and remove no file of it`, cause)
}

/** Not `not-found`: the table is there, and whoever took it for dropped would forget it. */
export function metadataFileGone(
  what: 'table' | 'view',
  identifier: TableIdentifier,
  location: string,
  cause: Error,
): MoraineError {
  return new MoraineError(
    'corrupt',
    `${FILE_GONE}: ${location}, the current metadata file of ${what} ${formatIdentifier(identifier)}; restore the file, or drop the ${what} and register an older one`,
    { cause, context: { entity: 'metadata-file' } },
  )
}

/** How the reference implementation says it; clients have no other sign of it. */
export const FILE_GONE = 'Failed to open input stream for file'

function fail(kind: MoraineError['kind'], entity: CatalogEntity, message: string): MoraineError {
  return new MoraineError(kind, message, { context: { entity } })
}
