import type {
  Drop,
  DroppedPointer,
  DroppedPointers,
  Except,
  PurgeOrder,
} from '@moraine/catalogs/internal/dropped-pointers'
import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Kysely, Selectable } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { fromJson, toJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'
import { dropsUnderName, findAround, findUnder, giveFolders, lockFolders, removeFolders } from './pointer-folders.ts'
import { hasNamespace, hasPointer, type PointerName, pointerHash, pointerRow } from './pointer-rows.ts'
import { type Claims, claimedWrite } from './sql-answered-requests.ts'

/** @param under the claims under which they are changed */
export function sqlDroppedPointers(db: Kysely<Database>, words: EngineWords, under?: Claims): DroppedPointers {
  const write = claimedWrite(db, words, under)
  const find = async (catalog: string, dropId: string) => {
    const row = await db
      .selectFrom('dropped_table')
      .selectAll()
      .where('drop_id', '=', dropId)
      .where('catalog_name', '=', catalog)
      .executeTakeFirst()
    return row && droppedOf(row)
  }
  return {
    findDropped: find,
    dropPointer: (pointer, facts) => write((transaction) => drop(transaction, pointer, facts)),
    async findDroppedNamed({ catalog, namespace, name }) {
      const rows = await db
        .selectFrom('dropped_table')
        .selectAll()
        .where('catalog_name', '=', catalog)
        .where('namespace', '=', JSON.stringify(namespace))
        .where('name', '=', name)
        .where('is_purging', '=', 0)
        .orderBy('dropped_at', 'desc')
        .orderBy('drop_id')
        .execute()
      return rows.map(droppedOf)
    },
    async listDropped(catalog, { offset, limit }) {
      const rows = await db
        .selectFrom('dropped_table')
        .selectAll()
        .where('catalog_name', '=', catalog)
        .orderBy('dropped_at', 'desc')
        .orderBy('drop_id')
        .limit(limit)
        .offset(offset)
        .execute()
      return rows.map(droppedOf)
    },
    restoreDropped: (catalog, dropId, to, now) =>
      write((transaction) => restore(transaction, { catalog, ...to }, dropId, now)),
    advancePurge: (catalog, dropId, to) => write((transaction) => advancePurge(transaction, catalog, dropId, to)),
    claimPurge: (dropped, now) => write((transaction) => claimPurge(transaction, dropped, now)),
    async listDueDrops(now, { offset, limit }) {
      const due = db.selectFrom('dropped_table').selectAll().where('purge_at', '<=', now)
      const rows = await due.orderBy('purge_at').orderBy('drop_id').limit(limit).offset(offset).execute()
      return rows.map(droppedOf)
    },
    async forgetDropped(dropId) {
      await write(async (transaction) => {
        await transaction.deleteFrom('dropped_table').where('drop_id', '=', dropId).execute()
        await removeFolders(transaction, dropId)
      })
    },
    findPointerUnder: async (folders, except) => findUnder(db, folders, await ownersOf(db, except)),
    findPointerAround: async (folders, except) => findAround(db, folders, await ownersOf(db, except)),
  }
}

async function drop(db: Kysely<Database>, pointer: InternalPointer, facts: Drop): Promise<DroppedPointer | undefined> {
  const { numDeletedRows } = await db
    .deleteFrom('catalog_table')
    .where('table_hash', '=', pointerHash(pointer))
    .where('kind', '=', pointer.kind)
    .where('metadata_location', '=', pointer.metadataLocation)
    .executeTakeFirst()
  if (numDeletedRows !== 1n) return undefined
  const dropped = { ...pointer, ...facts }
  await db.insertInto('dropped_table').values(rowOf(dropped)).execute()
  await giveFolders(db, pointerHash(pointer), facts.dropId)
  return dropped
}

async function restore(
  db: Kysely<Database>,
  to: PointerName,
  dropId: string,
  now: EpochMs,
): Promise<'restored' | 'absent' | 'exists' | 'no-namespace'> {
  const row = await db
    .selectFrom('dropped_table')
    .selectAll()
    .where('drop_id', '=', dropId)
    .where('catalog_name', '=', to.catalog)
    .where('is_purging', '=', 0)
    .where('purge_at', '>', now)
    .executeTakeFirst()
  if (row === undefined) return 'absent'
  if (!(await hasNamespace(db, to.catalog, to.namespace))) return 'no-namespace'
  if (await hasPointer(db, to)) return 'exists'
  // Of a restore and a purge at once only one has the row.
  const { numDeletedRows } = await db
    .deleteFrom('dropped_table')
    .where('drop_id', '=', dropId)
    .where('is_purging', '=', 0)
    .executeTakeFirst()
  if (numDeletedRows !== 1n) return 'absent'
  await db
    .insertInto('catalog_table')
    .values(pointerRow({ ...pointerOf(row), ...to }))
    .execute()
  await giveFolders(db, dropId, pointerHash(to))
  return 'restored'
}

async function advancePurge(
  db: Kysely<Database>,
  catalog: string,
  dropId: string,
  { purgeAt, purgesFiles }: PurgeOrder,
): Promise<DroppedPointer | undefined> {
  const isThis = ['drop_id', '=', dropId] as const
  const row = await db
    .selectFrom('dropped_table')
    .selectAll()
    .where(...isThis)
    .where('catalog_name', '=', catalog)
    .executeTakeFirst()
  if (row === undefined) return undefined
  // One statement with the look whether its purge has begun: of this and a purge at once the purge counts.
  const { numUpdatedRows } = await db
    .updateTable('dropped_table')
    .set({ purge_at: purgeAt, purges_files: purgesFiles ? 1 : 0 })
    .where(...isThis)
    .where('is_purging', '=', 0)
    .executeTakeFirst()
  return numUpdatedRows === 1n ? { ...droppedOf(row), purgeAt, purgesFiles } : undefined
}

async function claimPurge(
  db: Kysely<Database>,
  { dropId, purgesFiles }: Pick<DroppedPointer, 'dropId' | 'purgesFiles'>,
  now: EpochMs,
): Promise<boolean> {
  // Whoever is about to take its place is waited for, and is seen by the purge.
  await lockFolders(db)
  const row = await db
    .selectFrom('dropped_table')
    .select('is_purging')
    .where('drop_id', '=', dropId)
    .where('purge_at', '<=', now)
    .executeTakeFirst()
  if (row === undefined || row.is_purging === 1) return row !== undefined
  const begin = db
    .updateTable('dropped_table')
    .set({ is_purging: 1 })
    .where('drop_id', '=', dropId)
    .where('purges_files', '=', purgesFiles ? 1 : 0)
  return (await begin.where('is_purging', '=', 0).executeTakeFirst()).numUpdatedRows === 1n
}

async function ownersOf(db: Kysely<Database>, { dropId, named }: Except = {}): Promise<readonly string[]> {
  return [
    ...(dropId === undefined ? [] : [dropId]),
    ...(named === undefined ? [] : [pointerHash(named), ...(await dropsUnderName(db, named))]),
  ]
}

type DroppedRow = Selectable<Database['dropped_table']>

function pointerOf(row: DroppedRow): InternalPointer {
  return {
    kind: row.kind,
    catalog: row.catalog_name,
    namespace: fromJson<string[]>(row.namespace),
    name: row.name,
    metadataLocation: row.metadata_location,
    ...(row.places !== null && { places: fromJson<string[]>(row.places) }),
  }
}

function droppedOf(row: DroppedRow): DroppedPointer {
  return {
    ...pointerOf(row),
    dropId: row.drop_id,
    droppedAt: row.dropped_at,
    purgeAt: row.purge_at,
    purgesFiles: row.purges_files === 1,
  }
}

function rowOf(dropped: DroppedPointer): DroppedRow {
  return {
    drop_id: dropped.dropId,
    catalog_name: dropped.catalog,
    kind: dropped.kind,
    namespace: JSON.stringify(dropped.namespace),
    name: dropped.name,
    metadata_location: dropped.metadataLocation,
    places: toJson(dropped.places),
    dropped_at: dropped.droppedAt,
    purge_at: dropped.purgeAt,
    purges_files: dropped.purgesFiles ? 1 : 0,
    is_purging: 0,
  }
}
