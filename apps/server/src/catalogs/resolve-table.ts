import type { TableParams } from '@moraine/api/rest/table-schemas'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { MoraineError } from '@moraine/stdx/error'
import { whyLeftOut } from './left-out.ts'
import type { OpenedCatalog } from './open-catalogs.ts'
import { resolveDatabase } from './resolve-database.ts'

/**
 * The table of a catalog that a path names, managed or not; whether there is one is not looked at.
 *
 * @throws {MoraineError} `not-found` for a database that is not there, and for what the catalog's filter hides
 */
export async function resolveTable(
  opened: Pick<OpenedCatalog, 'catalog' | 'filter'>,
  { db, table }: Pick<TableParams, 'db' | 'table'>,
  signal: AbortSignal,
): Promise<TableIdentifier> {
  const identifier = { namespace: await resolveDatabase(opened, db, signal), name: table }
  const leftOut = whyLeftOut({ name: opened.catalog.name, filter: opened.filter }, identifier.namespace, table)
  if (leftOut === undefined) return identifier
  throw new MoraineError('not-found', leftOut)
}
