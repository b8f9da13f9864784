import { MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, checkNamespace, type Namespace, type TableIdentifier } from '../table-identifier.ts'

// In a filesystem catalog a name is a folder. Names that cannot be one, or that Hadoop would take apart or take for
// something else, are refused.

/** Without a trailing slash. */
export function namespaceLocation(warehouse: string, namespace: Namespace): string {
  if (namespace.length > 0) checkNamespace(namespace)
  for (const level of namespace) checkFolderName(level)
  return [warehouse, ...namespace].join('/')
}

/** Without a trailing slash. */
export function tableLocation(warehouse: string, identifier: TableIdentifier): string {
  checkIdentifier(identifier)
  checkFolderName(identifier.name)
  return `${namespaceLocation(warehouse, identifier.namespace)}/${identifier.name}`
}

/** Whether a folder of this name can be a namespace or table; others in a warehouse are not listed. */
export function isFolderName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:]/.test(name)
}

function checkFolderName(name: string): void {
  if (!isFolderName(name)) {
    throw new MoraineError(
      'unsupported',
      `a filesystem catalog cannot hold the name ${JSON.stringify(name)}: names are folders, so they have no slash, backslash or colon`,
    )
  }
}
