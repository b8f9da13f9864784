import type { TableId } from '@moraine/lifecycle/identity'
import type { Blocker, BlockerStore } from '@moraine/management/records/blocker'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlBlockers(db: Kysely<Database>, words: EngineWords): BlockerStore {
  const alone = () => db.transaction().setIsolationLevel('read committed')
  return {
    addBlocker: ({ ttlMs, ...blocker }) =>
      alone().execute(async (transaction) => {
        await takeTable(transaction, words, blocker.tableId)
        const living = await listLiving(transaction, words, blocker.tableId)
        const by = living.find(({ operations }) => operations.some((each) => blocker.operations.includes(each)))
        if (by !== undefined) return { kind: 'refused', by }
        await transaction
          .deleteFrom('table_blocker')
          .where('table_id', '=', blocker.tableId)
          .where('expires_at', '<=', words.nowMs)
          .execute()
        await transaction
          .insertInto('table_blocker')
          .values({
            blocker_id: blocker.blockerId,
            table_id: blocker.tableId,
            operations: JSON.stringify(blocker.operations),
            properties: JSON.stringify(blocker.properties),
            created_at: blocker.createdAt,
            expires_at: endOf(words, ttlMs),
          })
          .execute()
        return { kind: 'added', blocker: { ...blocker, remainingMs: ttlMs } }
      }),
    renewBlocker: (tableId, blockerId, ttlMs) =>
      alone().execute(async (transaction) => {
        await takeTable(transaction, words, tableId)
        await transaction
          .updateTable('table_blocker')
          .set({ expires_at: endOf(words, ttlMs) })
          .where('blocker_id', '=', blockerId)
          .where('table_id', '=', tableId)
          .where('expires_at', '>', words.nowMs)
          .execute()
        return (await listLiving(transaction, words, tableId)).find((blocker) => blocker.blockerId === blockerId)
      }),
    async removeBlocker(tableId, blockerId) {
      const { numDeletedRows } = await db
        .deleteFrom('table_blocker')
        .where('blocker_id', '=', blockerId)
        .where('table_id', '=', tableId)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
    listBlockers: (tableId) => listLiving(db, words, tableId),
  }
}

/**
 * Whoever asks for the same table waits until the transaction ends. A renewal, too: it would keep alive what has ended
 * for another meanwhile.
 */
async function takeTable(db: Transaction<Database>, words: EngineWords, tableId: TableId): Promise<void> {
  await db
    .selectFrom('managed_table')
    .select('table_id')
    .where('table_id', '=', tableId)
    .modifyEnd(words.takeRows)
    .execute()
}

function endOf({ nowMs }: EngineWords, ttlMs: number) {
  return sql<number>`${nowMs} + ${ttlMs}`
}

async function listLiving(db: Kysely<Database>, words: EngineWords, tableId?: TableId): Promise<readonly Blocker[]> {
  let query = select(db, words).where('expires_at', '>', words.nowMs)
  if (tableId !== undefined) query = query.where('table_id', '=', tableId)
  const rows = await query.orderBy('created_at').orderBy('blocker_id').execute()
  return rows.map(toBlocker)
}

function select(db: Kysely<Database>, { nowMs }: EngineWords) {
  return db
    .selectFrom('table_blocker')
    .select(['blocker_id', 'table_id', 'operations', 'properties', 'created_at'])
    .select(sql<number>`expires_at - ${nowMs}`.as('remaining_ms'))
}

type BlockerRow = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

function toBlocker(row: BlockerRow): Blocker {
  return {
    blockerId: row.blocker_id,
    tableId: row.table_id,
    operations: fromJson(row.operations),
    properties: fromJson(row.properties),
    createdAt: row.created_at,
    remainingMs: row.remaining_ms,
  }
}
