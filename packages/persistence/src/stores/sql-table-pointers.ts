import type { InternalPointer, PointerChange, TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { propertiesText } from '@moraine/management/catalogs/properties-text'
import { folderOf } from '@moraine/storage/places'
import type { Kysely } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { nameHash } from '../name-hash.ts'
import { fromJson, fromNullableJson, toJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'
import {
  addFolders,
  dropsUnderName,
  findAround,
  findUnder,
  giveFolders,
  lockFolders,
  removeFolders,
} from './pointer-folders.ts'
import { hasNamespace, hasPointer, nameColumns, pointerHash, pointerRow } from './pointer-rows.ts'
import { preparedQuery } from './prepared-query.ts'
import { type ClaimedWrite, type Claims, claimedWrite } from './sql-answered-requests.ts'
import { holdFence } from './sql-leases.ts'

/** @param under the claims under which they are changed */
export function sqlTablePointers(db: Kysely<Database>, words: EngineWords, under?: Claims): TablePointers {
  const write = claimedWrite(db, words, under)
  // Of one statement, which needs no transaction but for the sake of claims.
  const writeOne: WriteOne = (change) => (under === undefined ? change(db) : write(change))
  return { ...sqlNamespaces(db, write, writeOne), ...sqlInternalTables(db, words, write, writeOne) }
}

type WriteOne = <T>(change: (db: Kysely<Database>) => Promise<T>) => Promise<T>

type NamespaceMethods =
  | 'listNamespaces'
  | 'findNamespace'
  | 'addNamespace'
  | 'swapNamespaceProperties'
  | 'removeNamespace'

function sqlNamespaces(
  db: Kysely<Database>,
  write: ClaimedWrite,
  writeOne: WriteOne,
): Pick<TablePointers, NamespaceMethods> {
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
      return write(async (transaction) => {
        if (await hasNamespace(transaction, catalog, namespace)) return 'exists'
        const parent = namespace.slice(0, -1)
        // Read with what is added: whoever removes the parent at the same time is in the way of this, or it of them.
        const hasParent =
          parent.length > 0 ? hasNamespace(transaction, catalog, parent) : hasCatalog(transaction, catalog)
        if (!(await hasParent)) return 'no-parent'
        const row = {
          catalog_name: catalog,
          namespace_hash: nameHash(catalog, namespace),
          parent_hash: nameHash(catalog, parent),
          namespace: JSON.stringify(namespace),
          name: namespace.at(-1) ?? '',
          properties: propertiesText(properties),
        }
        await transaction.insertInto('catalog_namespace').values(row).execute()
        return 'added'
      })
    },
    async swapNamespaceProperties(catalog, namespace, expected, properties) {
      const { numUpdatedRows } = await writeOne((each) =>
        each
          .updateTable('catalog_namespace')
          .set({ properties: propertiesText(properties) })
          .where('namespace_hash', '=', nameHash(catalog, namespace))
          .where('properties', '=', propertiesText(expected))
          .executeTakeFirst(),
      )
      return numUpdatedRows === 1n
    },
    async removeNamespace(catalog, namespace) {
      const hash = nameHash(catalog, namespace)
      return write(async (transaction) => {
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

function sqlInternalTables(
  db: Kysely<Database>,
  words: EngineWords,
  write: ClaimedWrite,
  writeOne: WriteOne,
): Omit<TablePointers, NamespaceMethods> {
  const pointerOfHash = preparedQuery((hash: string) =>
    db.selectFrom('catalog_table').select(['kind', 'metadata_location', 'places']).where('table_hash', '=', hash),
  )
  const moveRow = preparedQuery((hash: string, from: string, to: string) =>
    db
      .updateTable('catalog_table')
      .set({ metadata_location: to })
      .where('table_hash', '=', hash)
      .where('metadata_location', '=', from),
  )
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
      const [row] = (await pointerOfHash(db, nameHash(catalog, namespace, name))).rows
      if (row === undefined) return undefined
      const places = fromNullableJson<string[]>(row.places)
      const metadataLocation = row.metadata_location
      return { kind: row.kind, catalog, namespace, name, metadataLocation, ...(places && { places }) }
    },
    async addPointer(table, apart = []) {
      return write(async (transaction) => {
        if (apart.length > 0) await lockFolders(transaction)
        if (!(await hasNamespace(transaction, table.catalog, table.namespace))) return 'no-namespace'
        if (await hasPointer(transaction, table)) return 'exists'
        if (await isTaken(transaction, apart, table)) return 'overlaps'
        await insert(transaction, table)
        return 'added'
      })
    },
    async swapPointer(table, next) {
      // Other folders are rare: a commit is one statement.
      const after = { ...table, metadataLocation: next }
      if (!isMoved(table, after)) {
        return writeOne(async (each) => {
          const { numAffectedRows } = await moveRow(each, pointerHash(table), table.metadataLocation, next)
          return numAffectedRows === 1n
        })
      }
      return write((transaction) => swap(transaction, table, after))
    },
    async changePointers(changes, fence) {
      try {
        await write(async (transaction) => {
          if (fence !== undefined && !(await holdFence(transaction, words, fence))) throw DEPOSED
          if (changes.some(({ apart = [] }) => apart.length > 0)) await lockFolders(transaction)
          // In one order for all, so that nobody waits in a circle.
          const ordered = changes.map((change) => ({ hash: pointerHash(change.after), change }))
          ordered.sort((a, b) => (a.hash < b.hash ? -1 : 1))
          for (const { change } of ordered) await makeChange(transaction, change)
        })
        return 'made'
      } catch (error) {
        if (error === REFUSED) return 'refused'
        if (error === OVERLAPS) return 'overlaps'
        if (error === DEPOSED) return 'deposed'
        throw error
      }
    },
    async renamePointer(table, to) {
      const target = { ...table, ...to }
      return write(async (transaction) => {
        if (!(await hasPointer(transaction, table))) return 'absent'
        if (!(await hasNamespace(transaction, table.catalog, to.namespace))) return 'no-namespace'
        if (await hasPointer(transaction, target)) return 'exists'
        const identity = nameColumns(target)
        await transaction
          .updateTable('catalog_table')
          .set(identity)
          .where('table_hash', '=', pointerHash(table))
          .execute()
        await giveFolders(transaction, pointerHash(table), pointerHash(target))
        return 'renamed'
      })
    },
    async removePointer(catalog, namespace, name, kind) {
      const hash = nameHash(catalog, namespace, name)
      return write(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('catalog_table')
          .where('table_hash', '=', hash)
          .where('kind', '=', kind)
          .executeTakeFirst()
        if (numDeletedRows === 1n) await removeFolders(transaction, hash)
        return numDeletedRows === 1n
      })
    },
  }
}

// Thrown to take back what a transaction has done so far.
const REFUSED = new Error('a pointer is not as it was')
const DEPOSED = new Error('the fence does not hold')
const OVERLAPS = new Error('a pointer lies in, or around, the place of another')

async function makeChange(db: Kysely<Database>, { before, after, apart = [] }: PointerChange): Promise<void> {
  if (await isTaken(db, apart, after)) throw OVERLAPS
  if (before !== undefined) {
    if (!(await swap(db, before, { ...before, ...after }))) throw REFUSED
    return
  }
  if (!(await hasNamespace(db, after.catalog, after.namespace)) || (await hasPointer(db, after))) throw REFUSED
  await insert(db, after)
}

/** By others than what has, or had, its name. */
async function isTaken(db: Kysely<Database>, places: readonly string[], own: InternalPointer): Promise<boolean> {
  if (places.length === 0) return false
  const except = [pointerHash(own), ...(await dropsUnderName(db, own))]
  return ((await findUnder(db, places, except)) ?? (await findAround(db, places, except))) !== undefined
}

async function insert(db: Kysely<Database>, table: InternalPointer): Promise<void> {
  await db.insertInto('catalog_table').values(pointerRow(table)).execute()
  await addFolders(db, pointerHash(table), table)
}

async function swap(db: Kysely<Database>, pointer: InternalPointer, after: InternalPointer): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('catalog_table')
    .set({ metadata_location: after.metadataLocation, places: toJson(after.places) })
    .where('table_hash', '=', pointerHash(pointer))
    .where('metadata_location', '=', pointer.metadataLocation)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  if (isMoved(pointer, after)) {
    await removeFolders(db, pointerHash(pointer))
    await addFolders(db, pointerHash(pointer), after)
  }
  return true
}

function isMoved(before: InternalPointer, after: InternalPointer): boolean {
  return (
    folderOf(before.metadataLocation) !== folderOf(after.metadataLocation) ||
    toJson(before.places) !== toJson(after.places)
  )
}

async function hasCatalog(db: Kysely<Database>, catalog: string): Promise<boolean> {
  const query = db.selectFrom('managed_catalog').select('name').where('name', '=', catalog)
  return (await query.executeTakeFirst()) !== undefined
}
