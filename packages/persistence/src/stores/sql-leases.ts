import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderLeases, Lease, LeaseRequest } from '@moraine/management/records/leader-lease'
import { must } from '@moraine/stdx/assert'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlLeases(db: Kysely<Database>, words: EngineWords): LeaderLeases {
  const alone = () => db.transaction().setIsolationLevel('read committed')
  return {
    acquire: (request) =>
      alone().execute(async (transaction) => {
        const isHeld = await take(transaction, words, request)
        const lease = must(await read(transaction, words, request.name), `lease ${request.name}`)
        return { kind: isHeld ? 'held' : 'taken', lease }
      }),
    renew: (request) =>
      alone().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('lease')
          .set({ expires_at: endOf(words, request), address: JSON.stringify(request.address) })
          .where('name', '=', request.name)
          .where('holder', '=', request.holder)
          .where('epoch', '=', request.epoch)
          .executeTakeFirst()
        return numUpdatedRows === 1n ? read(transaction, words, request.name) : undefined
      }),
    async release({ lease, holder, epoch }) {
      const { numUpdatedRows } = await db
        .updateTable('lease')
        .set({ holder: NOBODY, expires_at: 0, address: '{}' })
        .where('name', '=', lease)
        .where('holder', '=', holder)
        .where('epoch', '=', epoch)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    read: (name) => read(db, words, name),
    async list(prefix) {
      const rows = await select(db, words)
        .where(sql<string>`substr(name, 1, ${prefix.length})`, '=', prefix)
        .orderBy('name')
        .execute()
      return rows.map(toLease)
    },
  }
}

/**
 * Whether the fence holds. If so, it does until the transaction ends: whoever takes the lease waits for that, and whoever
 * renews it does not.
 */
export async function holdFence(
  db: Transaction<Database>,
  words: EngineWords,
  { lease, holder, epoch }: Fence,
): Promise<boolean> {
  const row = await db
    .selectFrom('lease')
    .select(['holder', 'epoch'])
    .where('name', '=', lease)
    .modifyEnd(words.holdRows)
    .executeTakeFirst()
  return row?.holder === holder && row.epoch === epoch
}

const NOBODY = ''

async function take(db: Transaction<Database>, words: EngineWords, request: LeaseRequest): Promise<boolean> {
  const { name, holder } = request
  const values = { holder, expires_at: endOf(words, request), address: JSON.stringify(request.address) }
  const row = await db
    .selectFrom('lease')
    .select(['holder', 'epoch', sql<number>`expires_at - ${words.nowMs}`.as('remaining_ms')])
    .where('name', '=', name)
    .modifyEnd(words.takeRows)
    .executeTakeFirst()
  if (row === undefined) {
    await db
      .insertInto('lease')
      .values({ name, epoch: 1, ...values })
      .execute()
    return true
  }
  if (row.holder !== holder && row.holder !== NOBODY && row.remaining_ms > 0) return false
  const epoch = row.holder === holder ? row.epoch : row.epoch + 1
  const { numUpdatedRows } = await db
    .updateTable('lease')
    .set({ ...values, epoch })
    .where('name', '=', name)
    .where('epoch', '=', row.epoch)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

function endOf({ nowMs }: EngineWords, { ttlMs }: LeaseRequest) {
  return sql<number>`${nowMs} + ${ttlMs}`
}

async function read(db: Kysely<Database>, words: EngineWords, name: string): Promise<Lease | undefined> {
  const row = await select(db, words).where('name', '=', name).executeTakeFirst()
  return row && toLease(row)
}

function select(db: Kysely<Database>, { nowMs }: EngineWords) {
  return db
    .selectFrom('lease')
    .select(['name', 'holder', 'epoch', 'address', sql<number>`expires_at - ${nowMs}`.as('remaining_ms')])
}

type LeaseRow = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

function toLease({ name, holder, epoch, address, remaining_ms }: LeaseRow): Lease {
  return {
    name,
    holder: holder === NOBODY ? undefined : holder,
    epoch,
    remainingMs: remaining_ms,
    address: fromJson(address),
  }
}
