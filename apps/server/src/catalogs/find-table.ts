import type { TableParams } from '@moraine/api/rest/table-schemas'
import { storedFilter } from '@moraine/management/catalogs/catalog-filter'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { Stores } from '@moraine/management/store/stores'
import { MoraineError } from '@moraine/stdx/error'
import { databaseCuts } from './database-cuts.ts'
import { whyLeftOut } from './left-out.ts'
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
  const known = await catalogs.listCatalogs()
  const registered = known.find((each) => each.name === catalog)
  if (registered === undefined) {
    throw noSuchCatalog(
      catalog,
      known.map((each) => each.name),
    )
  }
  // However the database is cut into levels, a filter sees the same name.
  const leftOut = whyLeftOut({ name: catalog, filter: storedFilter(registered.properties) }, [db], name)
  throw new MoraineError(
    'not-found',
    `table ${catalog}.${db}.${name} is not managed; ${leftOut ?? 'it may not have been found yet'}`,
  )
}

/** All of a name with five dots: each is a question to the database. */
const CUTS_MAX = 32
