import type { Grant } from '@moraine/management/access/grant'
import type { Credential, Principal, PrincipalStore } from '@moraine/management/access/principal'
import type { Kysely } from 'kysely'
import { fromJson } from '../rows/json-column.ts'
import type { CredentialRow, Database, PrincipalRow } from '../schema.ts'

export function sqlPrincipals(db: Kysely<Database>): PrincipalStore {
  return {
    async findPrincipal(name) {
      const row = await db.selectFrom('principal').selectAll().where('name', '=', name).executeTakeFirst()
      return row && principalOf(row)
    },
    async listPrincipals() {
      return (await db.selectFrom('principal').selectAll().orderBy('name').execute()).map(principalOf)
    },
    addPrincipal: ({ name, grants, createdAt }) =>
      db.transaction().execute(async (transaction) => {
        const taken = await transaction
          .selectFrom('principal')
          .select('name')
          .where('name', '=', name)
          .executeTakeFirst()
        if (taken !== undefined) return false
        const values = { name, grants: JSON.stringify(grants), created_at: createdAt }
        await transaction.insertInto('principal').values(values).execute()
        return true
      }),
    async swapGrants({ name, grants: expected }, grants) {
      const { numUpdatedRows } = await db
        .updateTable('principal')
        .set({ grants: JSON.stringify(grants) })
        .where('name', '=', name)
        .where('grants', '=', JSON.stringify(expected))
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    removePrincipal: (name) =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('access_credential').where('principal', '=', name).execute()
        const { numDeletedRows } = await transaction.deleteFrom('principal').where('name', '=', name).executeTakeFirst()
        return numDeletedRows > 0n
      }),
    async findCredential(id) {
      const row = await db
        .selectFrom('access_credential as c')
        .innerJoin('principal as p', 'p.name', 'c.principal')
        .selectAll('c')
        .select(['p.name', 'p.grants', 'p.created_at as principal_created_at'])
        .where('c.id', '=', id)
        .executeTakeFirst()
      return (
        row && {
          credential: credentialOf(row),
          principal: principalOf({ name: row.name, grants: row.grants, created_at: row.principal_created_at }),
        }
      )
    },
    async listCredentials(principal) {
      const rows = await db
        .selectFrom('access_credential')
        .selectAll()
        .$if(principal !== undefined, (query) => query.where('principal', '=', principal ?? ''))
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(credentialOf)
    },
    addCredential: ({ id, principal, secretHash, note, createdAt, expiresAt }) =>
      db.transaction().execute(async (transaction) => {
        const owner = await transaction
          .selectFrom('principal')
          .select('name')
          .where('name', '=', principal)
          .executeTakeFirst()
        if (owner === undefined) return false
        const values = { id, principal, secret_hash: secretHash, note, created_at: createdAt }
        await transaction
          .insertInto('access_credential')
          .values({ ...values, expires_at: expiresAt ?? null })
          .execute()
        return true
      }),
    async removeCredential(principal, id) {
      const { numDeletedRows } = await db
        .deleteFrom('access_credential')
        .where('principal', '=', principal)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}

function principalOf({ name, grants, created_at: createdAt }: PrincipalRow): Principal {
  return { name, grants: fromJson<readonly Grant[]>(grants), createdAt }
}

function credentialOf(row: CredentialRow): Credential {
  return {
    id: row.id,
    principal: row.principal,
    secretHash: row.secret_hash,
    note: row.note,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  }
}
