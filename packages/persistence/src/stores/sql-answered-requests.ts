import type { AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

export function sqlAnsweredRequests(db: Kysely<Database>): AnsweredRequestStore {
  return {
    async findAnswer(keyHash, now) {
      const row = await db
        .selectFrom('answered_request')
        .selectAll()
        .where('key_hash', '=', keyHash)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return (
        row && {
          keyHash,
          requestHash: row.request_hash,
          status: row.status,
          content: row.content,
          expiresAt: row.expires_at,
        }
      )
    },
    async saveAnswer({ keyHash, requestHash, status, content, expiresAt }, now) {
      await db.transaction().execute(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('answered_request')
          .where('key_hash', '=', keyHash)
          .where('expires_at', '<=', now)
          .executeTakeFirst()
        const known =
          numDeletedRows === 0n &&
          (await transaction
            .selectFrom('answered_request')
            .select('key_hash')
            .where('key_hash', '=', keyHash)
            .executeTakeFirst())
        if (known) return
        await transaction
          .insertInto('answered_request')
          .values({ key_hash: keyHash, request_hash: requestHash, status, content, expires_at: expiresAt })
          .execute()
      })
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
