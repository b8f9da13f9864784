import type { CatalogStore } from '@moraine/management/catalogs/managed-catalog'
import type { Kysely } from 'kysely'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlCatalogs(db: Kysely<Database>): CatalogStore {
  return {
    async listCatalogs() {
      const rows = await db
        .selectFrom('managed_catalog')
        .select(['name', 'type', 'properties'])
        .orderBy('name')
        .execute()
      return rows.map((row) => ({ ...row, properties: fromJson(row.properties) }))
    },
    async findCatalog(name) {
      const row = await db
        .selectFrom('managed_catalog')
        .select(['name', 'type', 'properties'])
        .where('name', '=', name)
        .executeTakeFirst()
      return row && { ...row, properties: fromJson(row.properties) }
    },
    async saveCatalog({ name, type, properties: given }) {
      const properties = JSON.stringify(given)
      await db.transaction().execute(async (transaction) => {
        const replaced = await transaction
          .updateTable('managed_catalog')
          .set({ properties })
          .where('name', '=', name)
          .executeTakeFirst()
        if (replaced.numUpdatedRows === 0n) {
          await transaction.insertInto('managed_catalog').values({ name, type, properties }).execute()
        }
      })
    },
    async removeCatalog(name) {
      await db.deleteFrom('managed_catalog').where('name', '=', name).execute()
    },
  }
}
