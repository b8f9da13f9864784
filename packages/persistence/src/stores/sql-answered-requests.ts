import type { RequestClaim } from '@moraine/catalogs/request-claim'
import type { AnsweredRequestStore, KeyState } from '@moraine/management/catalogs/answered-requests'
import type { Kysely, Selectable, Transaction } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import type { Database } from '../schema.ts'

export function sqlAnsweredRequests(db: Kysely<Database>, words: EngineWords): AnsweredRequestStore {
  return {
    claimKey: ({ keyHash, requestHash, holder, expiresAt }, now) =>
      // Who inserts a key that another has just inserted looks again.
      db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (transaction): Promise<KeyState> => {
          const row = await transaction
            .selectFrom('answered_request')
            .selectAll()
            .where('key_hash', '=', keyHash)
            .modifyEnd(words.takeRows)
            .executeTakeFirst()
          if (row !== undefined && row.expires_at > now && row.holder !== holder) return outcomeOf(row)
          const values = { ...UNANSWERED, request_hash: requestHash, holder, expires_at: expiresAt }
          if (row === undefined) {
            await transaction
              .insertInto('answered_request')
              .values({ key_hash: keyHash, ...values })
              .execute()
          } else {
            await transaction.updateTable('answered_request').set(values).where('key_hash', '=', keyHash).execute()
          }
          return { kind: 'claimed' }
        }),
    async renewClaim(keyHash, holder, expiresAt) {
      const { numUpdatedRows } = await db
        .updateTable('answered_request')
        .set({ expires_at: expiresAt })
        .where('key_hash', '=', keyHash)
        .where('holder', '=', holder)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async saveAnswer({ keyHash, requestHash, status, content, expiresAt }, holder) {
      const { numUpdatedRows } = await db
        .updateTable('answered_request')
        .set({ request_hash: requestHash, status, content, expires_at: expiresAt, holder: NOBODY })
        .where('key_hash', '=', keyHash)
        .where('holder', '=', holder)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async releaseKey(keyHash, holder) {
      await db.deleteFrom('answered_request').where('key_hash', '=', keyHash).where('holder', '=', holder).execute()
    },
    async removeExpired(now, limit) {
      const expired = await db
        .selectFrom('answered_request')
        .select('key_hash')
        .where('expires_at', '<=', now)
        .limit(limit)
        .execute()
      if (expired.length === 0) return 0
      await db
        .deleteFrom('answered_request')
        .where(
          'key_hash',
          'in',
          expired.map((row) => row.key_hash),
        )
        .where('expires_at', '<=', now)
        .execute()
      return expired.length
    },
  }
}

/** Makes a change, in one transaction with a look at the claims under which it is made. */
export type ClaimedWrite = <T>(change: (transaction: Transaction<Database>) => Promise<T>) => Promise<T>

/** What is written under claims, and what is thrown where one of them does not hold. */
export type Claims = { readonly claims: readonly RequestClaim[]; readonly lost: () => Error }

/** Claims that hold do until the transaction ends: whoever takes one over waits for that, and whoever renews it does not. */
export function claimedWrite(db: Kysely<Database>, words: EngineWords, under: Claims | undefined): ClaimedWrite {
  // In one order for all, so that nobody waits in a circle.
  const ordered = (under?.claims ?? []).toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1))
  return (change) =>
    db.transaction().execute(async (transaction) => {
      for (const { keyHash, holder } of ordered) {
        const query = transaction.selectFrom('answered_request').select('holder').where('key_hash', '=', keyHash)
        const row = await query.modifyEnd(words.holdRows).executeTakeFirst()
        if (row?.holder !== holder) throw under?.lost()
      }
      return change(transaction)
    })
}

const NOBODY = ''

/** A server that knows of no claims takes this for an answer, by which its client tries again. */
const UNANSWERED = { status: 503, content: '{}' }

function outcomeOf(row: Selectable<Database['answered_request']>): KeyState {
  const { key_hash: keyHash, request_hash: requestHash, status, content, expires_at: expiresAt } = row
  if (row.holder !== NOBODY) return { kind: 'at-work', requestHash }
  return { kind: 'answered', answer: { keyHash, requestHash, status, content, expiresAt } }
}
