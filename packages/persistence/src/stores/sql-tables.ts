import type { TableId } from '@moraine/lifecycle/identity'
import { TABLE_ACTIVITIES, type TableActivity } from '@moraine/lifecycle/table-phase'
import type { ManagedTable, NewManagedTable } from '@moraine/management/records/managed-table'
import type { TableName } from '@moraine/management/records/table-name'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import type {
  ListedName,
  LocatedTable,
  TablePage,
  TablePageQuery,
  TableQuery,
  TableStore,
} from '@moraine/management/records/table-store'
import { type Kysely, sql } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { nameHash } from '../name-hash.ts'
import { nameFromRow, PENDING_COLUMNS, pendingFromRow, tableFromRow } from '../rows/table-row.ts'
import type { Database, ManagedTableRow } from '../schema.ts'
import { askInParts } from './keys-in-parts.ts'
import { nextNumber } from './next-number.ts'

export function sqlTables(db: Kysely<Database>, words: EngineWords): TableStore {
  return {
    async addTable(table) {
      return db.transaction().execute(async (transaction) => {
        const known = await findByName(transaction, table.name)
        if (known !== undefined) return tableFromRow(known)
        const row = newRow((await nextNumber(transaction, 'managed_table')) as TableId, table)
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
    listNamed: (names) => listNamed(db, names),
    listPointed: (tableIds) => listPointed(db, tableIds),
    async listTables(query) {
      return (await listed(db, words, query).selectAll().execute()).map(tableFromRow)
    },
    async listTableNames(query) {
      return (await listed(db, words, query).select(NAME_COLUMNS).execute()).map(listedName)
    },
    async listPending(query) {
      const pending = listed(db, words, { ...query, phases: ['pending'] })
      return (await pending.select(PENDING_COLUMNS).execute()).map(pendingFromRow)
    },
    pageTables: (query) => pageTables(db, words, query),
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

function listed(
  db: Kysely<Database>,
  words: EngineWords,
  { after, limit, catalog, tableUuid, outside = [], group, phases, isRequested, metadata }: TableQuery,
) {
  let query = db.selectFrom('managed_table').orderBy('table_id').limit(limit)
  if (after !== undefined) query = query.where('table_id', '>', after)
  if (catalog !== undefined) query = query.where('catalog_name', '=', catalog)
  if (tableUuid !== undefined) query = query.where('uuid_hash', '=', nameHash(tableUuid))
  if (outside.length > 0) query = query.where('catalog_name', 'not in', outside)
  if (group !== undefined) query = query.where('group_name', '=', group)
  if (phases !== undefined) query = query.where('phase', 'in', phases)
  if (isRequested) query = query.where('requested_at', 'is not', null)
  if (metadata === 'unknown') query = query.where('evaluation', 'is', null)
  else if (metadata !== undefined) {
    const texts = metadata.contains
    query = query.where(({ or }) => or(texts.map((text) => words.contains(words.metadataLocation, text))))
  }
  return query
}

const NAME_COLUMNS = ['table_id', 'catalog_name', 'namespace', 'table_name'] as const

function listedName(row: Pick<ManagedTableRow, (typeof NAME_COLUMNS)[number]>): ListedName {
  return { tableId: row.table_id, name: nameFromRow(row) }
}

async function listNamed(db: Kysely<Database>, names: readonly TableName[]): Promise<readonly ListedName[]> {
  const rows = await askInParts([...new Set(names.map(hashOf))], (some) =>
    db.selectFrom('managed_table').select(NAME_COLUMNS).where('name_hash', 'in', some).execute(),
  )
  return rows.map(listedName).sort((a, b) => a.tableId - b.tableId)
}

async function listPointed(db: Kysely<Database>, tableIds: readonly TableId[]): Promise<readonly LocatedTable[]> {
  const ids = [...new Set(tableIds)].sort((a, b) => a - b)
  const rows = await askInParts(ids, (some) =>
    db
      .selectFrom('managed_table as managed')
      // A catalog that others keep may have had its name from one of the service's own.
      .leftJoin('managed_catalog as own', (join) =>
        join.onRef('own.name', '=', 'managed.catalog_name').on('own.type', '=', 'ams'),
      )
      .leftJoin('catalog_table as pointer', (join) =>
        join
          .onRef('pointer.table_hash', '=', 'managed.name_hash')
          .onRef('pointer.catalog_name', '=', 'own.name')
          .on('pointer.kind', '=', 'table'),
      )
      .selectAll('managed')
      .select('pointer.metadata_location as own_location')
      .where('managed.table_id', 'in', some)
      .orderBy('managed.table_id')
      .execute(),
  )
  return rows.map((row) => ({ table: tableFromRow(row), ownLocation: row.own_location ?? undefined }))
}

const ACTIVITY = sql<TableActivity>`case phase when 'executing' then optimizing_type else phase end`
const RANK = sql<number>`case ${ACTIVITY} ${sql.join(
  TABLE_ACTIVITIES.map((activity, rank) => sql`when ${sql.lit(activity)} then ${sql.lit(rank)}`),
  sql` `,
)} end`

async function pageTables(db: Kysely<Database>, words: EngineWords, query: TablePageQuery): Promise<TablePage> {
  const { order, offset, limit, group, databaseContains, nameContains, activities } = query
  if (activities?.length === 0) return { tables: [], total: 0 }
  let asked = db.selectFrom('managed_table')
  if (group !== undefined) asked = asked.where('group_name', '=', group)
  if (databaseContains !== undefined) asked = asked.where(words.contains(words.databaseName, databaseContains))
  if (nameContains !== undefined) asked = asked.where(words.contains(sql.ref('table_name'), nameContains))
  if (activities !== undefined) asked = asked.where(ACTIVITY, 'in', activities)
  const { total } = await asked.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  // The ids alone are sorted: a row carries an evaluation, and all rows of a group would be carried through the sort.
  const ordered = order === 'found' ? asked : asked.orderBy(RANK).orderBy('phase_since', 'desc')
  const page = await ordered.select('table_id').orderBy('table_id').limit(limit).offset(offset).execute()
  return {
    tables: await loadInOrder(
      db,
      page.map(({ table_id }) => table_id),
    ),
    total: Number(total),
  }
}

async function loadInOrder(db: Kysely<Database>, tableIds: readonly TableId[]): Promise<readonly ManagedTable[]> {
  if (tableIds.length === 0) return []
  const rows = await db.selectFrom('managed_table').selectAll().where('table_id', 'in', tableIds).execute()
  const byId = new Map(rows.map((row) => [row.table_id, tableFromRow(row)]))
  return tableIds.flatMap((tableId) => byId.get(tableId) ?? [])
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
    uuid_hash: null,
    evaluated_at: null,
    refresh_failure: null,
    empty_plan: null,
    optimized_snapshot_id: null,
    optimized_at: null,
    planned_at: null,
    back_off: null,
    request: null,
    requested_at: null,
    last_request: null,
    pause: null,
  }
}
