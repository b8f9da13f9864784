import { LIVE_OPTIMIZER } from '@moraine/lifecycle/optimizer-status'
import { LIVE_RESOURCE } from '@moraine/lifecycle/resource-status'
import { CATALOG_GROUP, type GroupUse } from '@moraine/management/records/resource-group'
import type { Kysely, RawBuilder } from 'kysely'
import type { Database } from '../schema.ts'
import { sqlCatalogs } from './sql-catalogs.ts'

/** Whether the group is there; it is kept as `hold` says, as long as the transaction lasts. */
export async function holdsGroup(db: Kysely<Database>, group: string, hold: RawBuilder<unknown>): Promise<boolean> {
  const query = db.selectFrom('resource_group').select('name').where('name', '=', group).modifyEnd(hold)
  return (await query.executeTakeFirst()) !== undefined
}

/** What would be left without the group; `undefined` if nothing. */
export async function findGroupUse(db: Kysely<Database>, group: string): Promise<GroupUse | undefined> {
  const table = await db
    .selectFrom('managed_table')
    .select('table_name')
    .where('group_name', '=', group)
    .limit(1)
    .executeTakeFirst()
  if (table !== undefined) return { kind: 'table', name: table.table_name }
  const optimizer = await db
    .selectFrom('optimizer')
    .select('optimizer_id')
    .where('group_name', '=', group)
    .where('status', 'in', LIVE_OPTIMIZER)
    .limit(1)
    .executeTakeFirst()
  if (optimizer !== undefined) return { kind: 'optimizer', name: optimizer.optimizer_id }
  const resource = await db
    .selectFrom('resource')
    .select('resource_id')
    .where('group_name', '=', group)
    .where('status', 'in', LIVE_RESOURCE)
    .limit(1)
    .executeTakeFirst()
  if (resource !== undefined) return { kind: 'resource', name: resource.resource_id }
  const catalogs = await sqlCatalogs(db).listCatalogs()
  const catalog = catalogs.find(({ properties }) => properties[CATALOG_GROUP] === group)
  return catalog && { kind: 'catalog', name: catalog.name }
}
