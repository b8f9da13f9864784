import type { TableId } from '@moraine/lifecycle/identity'
import type { NewManagedTable } from '@moraine/management/tables/managed-table'
import type { TableName } from '@moraine/management/tables/table-name'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/tables/table-settings'
import type { TableStore } from '@moraine/management/tables/table-store'
import type { Kysely, Transaction } from 'kysely'
import { nameHash } from '../name-hash.ts'
import { tableFromRow } from '../rows/table-row.ts'
import type { Database, ManagedTableRow } from '../schema.ts'

export function sqlTables(db: Kysely<Database>): TableStore {
  return {
    async addTable(table) {
      return db.transaction().execute(async (transaction) => {
        const known = await findByName(transaction, table.name)
        if (known !== undefined) return tableFromRow(known)
        const row = newRow((await nextId(transaction, 'managed_table')) as TableId, table)
        await transaction.insertInto('managed_table').values(row).execute()
        return tableFromRow(row)
      })
    },
    async findTable(tableId) {
      const row = await db.selectFrom('managed_table').selectAll().where('table_id', '=', tableId).executeTakeFirst()
      return row && tableFromRow(row)
    },
    async findTableByName(name) {
      const row = await findByName(db, name)
      return row && tableFromRow(row)
    },
    async listTables({ after, limit, catalog, group, phases }) {
      let query = db.selectFrom('managed_table').selectAll().orderBy('table_id').limit(limit)
      if (after !== undefined) query = query.where('table_id', '>', after)
      if (catalog !== undefined) query = query.where('catalog_name', '=', catalog)
      if (group !== undefined) query = query.where('group_name', '=', group)
      if (phases !== undefined) query = query.where('phase', 'in', phases)
      return (await query.execute()).map(tableFromRow)
    },
    async countPhases() {
      const rows = await db
        .selectFrom('managed_table')
        .select(({ fn }) => ['group_name', 'phase', fn.countAll<number>().as('tables')])
        .groupBy(['group_name', 'phase'])
        .execute()
      return rows.map(({ group_name: group, phase, tables }) => ({ group, phase, tables: Number(tables) }))
    },
    async listClocks(tableId) {
      const rows = await db
        .selectFrom('partition_clock')
        .select(['partition_key', 'minor_at', 'major_at', 'full_at'])
        .where('table_id', '=', tableId)
        .execute()
      return new Map(
        rows.map((row) => [row.partition_key, { minor: row.minor_at, major: row.major_at, full: row.full_at }]),
      )
    },
  }
}

async function findByName(db: Kysely<Database>, name: TableName): Promise<ManagedTableRow | undefined> {
  return db.selectFrom('managed_table').selectAll().where('name_hash', '=', hashOf(name)).executeTakeFirst()
}

function hashOf({ catalog, namespace, name }: TableName): string {
  return nameHash(catalog, namespace, name)
}

function newRow(tableId: TableId, { name, format, createdAt }: NewManagedTable): ManagedTableRow {
  return {
    table_id: tableId,
    name_hash: hashOf(name),
    catalog_name: name.catalog,
    namespace: JSON.stringify(name.namespace),
    table_name: name.name,
    format,
    created_at: createdAt,
    version: 1,
    group_name: DEFAULT_TABLE_SETTINGS.group,
    phase: 'idle',
    phase_since: createdAt,
    optimizing_type: null,
    process_id: null,
    settings: JSON.stringify(DEFAULT_TABLE_SETTINGS),
    evaluation: null,
    evaluated_at: null,
    refresh_failure: null,
    empty_plan: null,
    optimized_snapshot_id: null,
    optimized_at: null,
    planned_at: null,
    back_off: null,
    request: null,
  }
}

/** The next number of a sequence, from a row of its own: auto-increment differs from engine to engine. */
async function nextId(db: Transaction<Database>, name: string): Promise<number> {
  const raised = await db
    .updateTable('id_sequence')
    .set((expression) => ({ last_value: expression('last_value', '+', 1) }))
    .where('name', '=', name)
    .executeTakeFirst()
  if (raised.numUpdatedRows === 0n) await db.insertInto('id_sequence').values({ name, last_value: 1 }).execute()
  const row = await db.selectFrom('id_sequence').select('last_value').where('name', '=', name).executeTakeFirstOrThrow()
  return row.last_value
}
