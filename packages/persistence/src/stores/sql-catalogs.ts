import { type Grant, grantsWithoutCatalog } from '@moraine/management/access/grant'
import type { CatalogStore, ManagedCatalog, StoredCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Kysely, Transaction } from 'kysely'
import { fromJson, fromNullableJson, toJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'
import { nextNumber } from './next-number.ts'

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
    async findCatalogVersion(name) {
      const query = db.selectFrom('managed_catalog').select('version').where('name', '=', name)
      return (await query.executeTakeFirst())?.version
    },
    addCatalog: (catalog) =>
      db.transaction().execute(async (transaction) => {
        const taken = await transaction.selectFrom('managed_catalog').select('name').execute()
        const other = taken.find(({ name }) => name.toLowerCase() === catalog.name.toLowerCase())
        if (other !== undefined) return other.name
        await insert(transaction, catalog)
        await removeGrants(transaction, catalog.name)
        return undefined
      }),
    swapCatalog: (version, catalog) =>
      db.transaction().execute((transaction) => replace(transaction, catalog, version)),
    async saveCatalog(catalog) {
      await db.transaction().execute(async (transaction) => {
        const known = transaction.selectFrom('managed_catalog').select('name').where('name', '=', catalog.name)
        if ((await known.executeTakeFirst()) === undefined) await insert(transaction, catalog)
        else await replace(transaction, catalog)
      })
    },
    removeCatalog: (name, only) =>
      db.transaction().execute(async (transaction) => {
        const query = transaction.selectFrom('managed_catalog').select('version').where('name', '=', name)
        const found = await query.executeTakeFirst()
        if (found === undefined) return 'absent'
        if (only !== undefined && found.version !== only.version) return 'changed'
        if (only?.isEmpty === true && !(await holdsNothing(transaction, name))) return 'not-empty'
        await transaction.deleteFrom('managed_catalog').where('name', '=', name).execute()
        await removeGrants(transaction, name)
        return 'removed'
      }),
  }
}

async function insert(db: Transaction<Database>, catalog: ManagedCatalog): Promise<void> {
  const version = await nextNumber(db, VERSIONS)
  await db
    .insertInto('managed_catalog')
    .values({ ...toRow(catalog), version })
    .execute()
}

async function replace(db: Transaction<Database>, catalog: ManagedCatalog, expected?: number): Promise<boolean> {
  const { name, type: _, ...values } = toRow(catalog)
  const version = await nextNumber(db, VERSIONS)
  let query = db
    .updateTable('managed_catalog')
    .set({ ...values, version })
    .where('name', '=', name)
  if (expected !== undefined) query = query.where('version', '=', expected)
  return (await query.executeTakeFirst()).numUpdatedRows === 1n
}

/** One sequence for all: who registers a name again gives it no version that it had. */
const VERSIONS = 'managed_catalog version'

async function holdsNothing(db: Transaction<Database>, catalog: string): Promise<boolean> {
  for (const table of ['catalog_namespace', 'dropped_table'] as const) {
    const query = db.selectFrom(table).select('catalog_name').where('catalog_name', '=', catalog).limit(1)
    if ((await query.executeTakeFirst()) !== undefined) return false
  }
  return true
}

async function removeGrants(db: Transaction<Database>, catalog: string): Promise<void> {
  for (const { name, grants } of await db.selectFrom('principal').select(['name', 'grants']).execute()) {
    const before = fromJson<readonly Grant[]>(grants)
    const left = grantsWithoutCatalog(before, catalog)
    if (left.length === before.length) continue
    await db
      .updateTable('principal')
      .set({ grants: JSON.stringify(left) })
      .where('name', '=', name)
      .execute()
  }
}

type CatalogRow = Database['managed_catalog']

function fromRow(row: CatalogRow): StoredCatalog {
  const [storageConfig, authConfig, sealedSecrets] = [row.storage_config, row.auth_config, row.secrets].map((text) =>
    fromNullableJson<Record<string, string>>(text),
  )
  return {
    name: row.name,
    type: row.type,
    properties: fromJson(row.properties),
    version: row.version,
    ...(storageConfig !== undefined && { storageConfig }),
    ...(authConfig !== undefined && { authConfig }),
    ...(sealedSecrets !== undefined && { sealedSecrets }),
  }
}

function toRow(catalog: ManagedCatalog): Omit<CatalogRow, 'version'> {
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
