import type { InternalPointer, PointerChange, TablePointers } from '@moraine/catalogs/internal/table-pointers'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { propertiesText } from '@moraine/management/catalogs/properties-text'
import type { Kysely } from 'kysely'
import { nameHash } from '../name-hash.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlTablePointers(db: Kysely<Database>): TablePointers {
  return { ...sqlNamespaces(db), ...sqlInternalTables(db) }
}

type NamespaceMethods =
  | 'listNamespaces'
  | 'findNamespace'
  | 'addNamespace'
  | 'swapNamespaceProperties'
  | 'removeNamespace'

function sqlNamespaces(db: Kysely<Database>): Pick<TablePointers, NamespaceMethods> {
  return {
    async listNamespaces(catalog, parent, { after, limit }) {
      let query = db
        .selectFrom('catalog_namespace')
        .select('namespace')
        .where('parent_hash', '=', nameHash(catalog, parent))
        .orderBy('name')
        .limit(limit)
      if (after !== undefined) query = query.where('name', '>', after)
      return (await query.execute()).map((row) => fromJson<string[]>(row.namespace))
    },
    async findNamespace(catalog, namespace) {
      const row = await db
        .selectFrom('catalog_namespace')
        .select('properties')
        .where('namespace_hash', '=', nameHash(catalog, namespace))
        .executeTakeFirst()
      return row && fromJson(row.properties)
    },
    async addNamespace(catalog, namespace, properties) {
      return db.transaction().execute(async (transaction) => {
        if (await hasNamespace(transaction, catalog, namespace)) return false
        const row = {
          catalog_name: catalog,
          namespace_hash: nameHash(catalog, namespace),
          parent_hash: nameHash(catalog, namespace.slice(0, -1)),
          namespace: JSON.stringify(namespace),
          name: namespace.at(-1) ?? '',
          properties: propertiesText(properties),
        }
        await transaction.insertInto('catalog_namespace').values(row).execute()
        return true
      })
    },
    async swapNamespaceProperties(catalog, namespace, expected, properties) {
      const { numUpdatedRows } = await db
        .updateTable('catalog_namespace')
        .set({ properties: propertiesText(properties) })
        .where('namespace_hash', '=', nameHash(catalog, namespace))
        .where('properties', '=', propertiesText(expected))
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async removeNamespace(catalog, namespace) {
      const hash = nameHash(catalog, namespace)
      return db.transaction().execute(async (transaction) => {
        const children = await transaction
          .selectFrom('catalog_namespace')
          .select('namespace_hash')
          .where('parent_hash', '=', hash)
          .executeTakeFirst()
        const tables = await transaction
          .selectFrom('catalog_table')
          .select('table_hash')
          .where('namespace_hash', '=', hash)
          .executeTakeFirst()
        if (children !== undefined || tables !== undefined) return 'not-empty'
        const { numDeletedRows } = await transaction
          .deleteFrom('catalog_namespace')
          .where('namespace_hash', '=', hash)
          .executeTakeFirst()
        return numDeletedRows === 1n ? 'removed' : 'absent'
      })
    },
  }
}

function sqlInternalTables(db: Kysely<Database>): Omit<TablePointers, NamespaceMethods> {
  return {
    async listPointers(catalog, namespace, kind, { after, limit }) {
      let query = db
        .selectFrom('catalog_table')
        .select(['name', 'metadata_location'])
        .where('namespace_hash', '=', nameHash(catalog, namespace))
        .where('kind', '=', kind)
        .orderBy('name')
        .limit(limit)
      if (after !== undefined) query = query.where('name', '>', after)
      const rows = await query.execute()
      return rows.map((row) => ({ kind, catalog, namespace, name: row.name, metadataLocation: row.metadata_location }))
    },
    async findPointer(catalog, namespace, name) {
      const row = await db
        .selectFrom('catalog_table')
        .select(['kind', 'metadata_location'])
        .where('table_hash', '=', nameHash(catalog, namespace, name))
        .executeTakeFirst()
      return row && { kind: row.kind, catalog, namespace, name, metadataLocation: row.metadata_location }
    },
    async addPointer(table) {
      return db.transaction().execute(async (transaction) => {
        if (!(await hasNamespace(transaction, table.catalog, table.namespace))) return 'no-namespace'
        if (await hasTable(transaction, table)) return 'exists'
        await transaction.insertInto('catalog_table').values(rowOf(table)).execute()
        return 'added'
      })
    },
    swapPointer: (table, next) => swap(db, table, next),
    async changePointers(changes) {
      try {
        await db.transaction().execute(async (transaction) => {
          for (const change of changes) if (!(await makeChange(transaction, change))) throw REFUSED
        })
        return true
      } catch (error) {
        if (error === REFUSED) return false
        throw error
      }
    },
    async renamePointer(table, to) {
      const target = { ...table, ...to }
      return db.transaction().execute(async (transaction) => {
        if (!(await hasTable(transaction, table))) return 'absent'
        if (!(await hasNamespace(transaction, table.catalog, to.namespace))) return 'no-namespace'
        if (await hasTable(transaction, target)) return 'exists'
        const { metadata_location: _, kind: __, ...identity } = rowOf(target)
        await transaction.updateTable('catalog_table').set(identity).where('table_hash', '=', hashOf(table)).execute()
        return 'renamed'
      })
    },
    async removePointer(catalog, namespace, name, kind) {
      const { numDeletedRows } = await db
        .deleteFrom('catalog_table')
        .where('table_hash', '=', nameHash(catalog, namespace, name))
        .where('kind', '=', kind)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
  }
}

// Thrown to take back what a transaction has done so far.
const REFUSED = new Error('a pointer is not as it was')

async function makeChange(db: Kysely<Database>, { before, after }: PointerChange): Promise<boolean> {
  if (before !== undefined) return swap(db, before, after.metadataLocation)
  if (!(await hasNamespace(db, after.catalog, after.namespace)) || (await hasTable(db, after))) return false
  await db.insertInto('catalog_table').values(rowOf(after)).execute()
  return true
}

async function swap(db: Kysely<Database>, pointer: InternalPointer, next: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('catalog_table')
    .set({ metadata_location: next })
    .where('table_hash', '=', hashOf(pointer))
    .where('metadata_location', '=', pointer.metadataLocation)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function hasNamespace(db: Kysely<Database>, catalog: string, namespace: Namespace): Promise<boolean> {
  const row = await db
    .selectFrom('catalog_namespace')
    .select('namespace_hash')
    .where('namespace_hash', '=', nameHash(catalog, namespace))
    .executeTakeFirst()
  return row !== undefined
}

async function hasTable(db: Kysely<Database>, table: InternalPointer): Promise<boolean> {
  const row = await db
    .selectFrom('catalog_table')
    .select('table_hash')
    .where('table_hash', '=', hashOf(table))
    .executeTakeFirst()
  return row !== undefined
}

function hashOf({ catalog, namespace, name }: InternalPointer): string {
  return nameHash(catalog, namespace, name)
}

function rowOf(table: InternalPointer) {
  return {
    kind: table.kind,
    catalog_name: table.catalog,
    table_hash: hashOf(table),
    namespace_hash: nameHash(table.catalog, table.namespace),
    namespace: JSON.stringify(table.namespace),
    name: table.name,
    metadata_location: table.metadataLocation,
  }
}
