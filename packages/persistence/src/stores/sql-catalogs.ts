import type { CatalogStore, ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Kysely } from 'kysely'
import { fromJson, fromNullableJson, toJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlCatalogs(db: Kysely<Database>): CatalogStore {
  return {
    async listCatalogs() {
      const rows = await db.selectFrom('managed_catalog').selectAll().orderBy('name').execute()
      return rows.map(fromRow)
    },
    async findCatalog(name) {
      const row = await db.selectFrom('managed_catalog').selectAll().where('name', '=', name).executeTakeFirst()
      return row && fromRow(row)
    },
    async saveCatalog(catalog) {
      const { name, type, ...values } = toRow(catalog)
      await db.transaction().execute(async (transaction) => {
        const replaced = await transaction
          .updateTable('managed_catalog')
          .set(values)
          .where('name', '=', name)
          .executeTakeFirst()
        if (replaced.numUpdatedRows === 0n) {
          await transaction
            .insertInto('managed_catalog')
            .values({ name, type, ...values })
            .execute()
        }
      })
    },
    async removeCatalog(name) {
      await db.deleteFrom('managed_catalog').where('name', '=', name).execute()
    },
  }
}

type CatalogRow = Database['managed_catalog']

function fromRow(row: CatalogRow): ManagedCatalog {
  const [storageConfig, authConfig, sealedSecrets] = [row.storage_config, row.auth_config, row.secrets].map((text) =>
    fromNullableJson<Record<string, string>>(text),
  )
  return {
    name: row.name,
    type: row.type,
    properties: fromJson(row.properties),
    ...(storageConfig !== undefined && { storageConfig }),
    ...(authConfig !== undefined && { authConfig }),
    ...(sealedSecrets !== undefined && { sealedSecrets }),
  }
}

function toRow(catalog: ManagedCatalog): CatalogRow {
  const { name, type, properties } = catalog
  return {
    name,
    type,
    properties: JSON.stringify(properties),
    storage_config: toJson(catalog.storageConfig),
    auth_config: toJson(catalog.authConfig),
    secrets: toJson(catalog.sealedSecrets),
  }
}
