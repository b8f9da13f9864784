import type { TableParams } from '@moraine/api/rest/table-schemas'
import type { Stores } from '@moraine/management/store/stores'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { MoraineError } from '@moraine/stdx/error'

/**
 * The managed table that a path names. A database is one level of a namespace or several, joined with dots; a level
 * that itself has a dot is tried first.
 *
 * @throws {MoraineError} `not-found`
 */
export async function findTable({ tables }: Pick<Stores, 'tables'>, params: TableParams): Promise<ManagedTable> {
  const { catalog, db, table: name } = params
  const found =
    (await tables.findTableByName({ catalog, namespace: [db], name })) ??
    (await tables.findTableByName({ catalog, namespace: db.split('.'), name }))
  if (found === undefined) {
    throw new MoraineError('not-found', `table ${catalog}.${db}.${name} is not managed; it may not have been found yet`)
  }
  return found
}
