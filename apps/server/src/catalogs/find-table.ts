import type { TableParams } from '@moraine/api/rest/table-schemas'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { Stores } from '@moraine/management/store/stores'
import { MoraineError } from '@moraine/stdx/error'
import { databaseCuts } from './database-cuts.ts'
import { noSuchCatalog } from './no-such-catalog.ts'

/**
 * The managed table that a path names; its database is cut into levels as `databaseCuts` has it.
 *
 * @throws {MoraineError} `not-found`, for a catalog that is not there with the name that is meant
 */
export async function findTable(
  { tables, catalogs }: Pick<Stores, 'tables' | 'catalogs'>,
  params: TableParams,
): Promise<ManagedTable> {
  const { catalog, db, table: name } = params
  for (const namespace of databaseCuts(db).take(CUTS_MAX)) {
    const found = await tables.findTableByName({ catalog, namespace, name })
    if (found !== undefined) return found
  }
  const known = (await catalogs.listCatalogs()).map((each) => each.name)
  if (!known.includes(catalog)) throw noSuchCatalog(catalog, known)
  throw new MoraineError('not-found', `table ${catalog}.${db}.${name} is not managed; it may not have been found yet`)
}

/** All of a name with five dots: each is a question to the database. */
const CUTS_MAX = 32
