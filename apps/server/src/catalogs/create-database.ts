import { checkNamespace, type Namespace } from '@moraine/catalogs/table-identifier'
import { databaseName } from '@moraine/management/records/table-name'
import { MoraineError } from '@moraine/stdx/error'
import type { OpenedCatalog } from './open-catalogs.ts'

/**
 * Creates a database, unless it would be gone as soon as it is made.
 *
 * @throws {MoraineError} `invalid-input` for a name that cannot be, or that the catalog's filter hides; `already-exists`
 */
export async function createDatabase(
  { catalog, filter }: Pick<OpenedCatalog, 'catalog' | 'filter'>,
  namespace: Namespace,
  properties: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  checkNamespace(namespace)
  if (!filter.acceptsDatabase(namespace)) {
    const text = `name: the database-filter of catalog '${catalog.name}' hides ${databaseName(namespace)}`
    throw new MoraineError('invalid-input', text)
  }
  await catalog.createNamespace(namespace, properties, signal)
}
