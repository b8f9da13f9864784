import type { TableId } from '@moraine/lifecycle/identity'
import type { Blocker, BlockerStore } from '@moraine/management/tables/blocker'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Kysely } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

type BlockerRow = Database['table_blocker']

export function sqlBlockers(db: Kysely<Database>, words: EngineWords): BlockerStore {
  return {
    addBlocker: (blocker, now) =>
      db.transaction().execute(async (transaction) => {
        // Whoever asks for the same table at the same time waits here.
        await transaction
          .selectFrom('managed_table')
          .select('table_id')
          .where('table_id', '=', blocker.tableId)
          .modifyEnd(words.takeRows)
          .execute()
        const living = await listLiving(transaction, now, blocker.tableId)
        const by = living.find(({ operations }) => operations.some((each) => blocker.operations.includes(each)))
        if (by !== undefined) return { kind: 'refused', by }
        await transaction.deleteFrom('table_blocker').where('expires_at', '<=', now).execute()
        await transaction.insertInto('table_blocker').values(rowOf(blocker)).execute()
        return { kind: 'added' }
      }),
    async renewBlocker(tableId, blockerId, expiresAt, now) {
      await db
        .updateTable('table_blocker')
        .set({ expires_at: expiresAt })
        .where('blocker_id', '=', blockerId)
        .where('table_id', '=', tableId)
        .where('expires_at', '>', now)
        .execute()
      return (await listLiving(db, now, tableId)).find((blocker) => blocker.blockerId === blockerId)
    },
    async removeBlocker(tableId, blockerId) {
      const { numDeletedRows } = await db
        .deleteFrom('table_blocker')
        .where('blocker_id', '=', blockerId)
        .where('table_id', '=', tableId)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
    listBlockers: (now, tableId) => listLiving(db, now, tableId),
  }
}

async function listLiving(db: Kysely<Database>, now: EpochMs, tableId?: TableId): Promise<readonly Blocker[]> {
  let query = db.selectFrom('table_blocker').selectAll().where('expires_at', '>', now)
  if (tableId !== undefined) query = query.where('table_id', '=', tableId)
  const rows = await query.orderBy('created_at').orderBy('blocker_id').execute()
  return rows.map(blockerFromRow)
}

function blockerFromRow(row: BlockerRow): Blocker {
  return {
    blockerId: row.blocker_id,
    tableId: row.table_id,
    operations: fromJson(row.operations),
    properties: fromJson(row.properties),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

function rowOf(blocker: Blocker): BlockerRow {
  return {
    blocker_id: blocker.blockerId,
    table_id: blocker.tableId,
    operations: JSON.stringify(blocker.operations),
    properties: JSON.stringify(blocker.properties),
    created_at: blocker.createdAt,
    expires_at: blocker.expiresAt,
  }
}
