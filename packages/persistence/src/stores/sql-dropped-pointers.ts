import type { DroppedPointer, DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import { type Kysely, type Selectable, sql } from 'kysely'
import { nameHash } from '../name-hash.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlDroppedPointers(db: Kysely<Database>): DroppedPointers {
  const find = async (catalog: string, dropId: string) => {
    const row = await db
      .selectFrom('dropped_table')
      .selectAll()
      .where('drop_id', '=', dropId)
      .where('catalog_name', '=', catalog)
      .executeTakeFirst()
    return row && droppedOf(row)
  }
  return {
    findDropped: find,
    async dropPointer({ catalog, kind, namespace, name }, drop) {
      const hash = nameHash(catalog, namespace, name)
      return db.transaction().execute(async (transaction) => {
        const row = await transaction
          .selectFrom('catalog_table')
          .select('metadata_location')
          .where('table_hash', '=', hash)
          .where('kind', '=', kind)
          .executeTakeFirst()
        if (row === undefined) return undefined
        const dropped = { ...drop, catalog, kind, namespace, name, metadataLocation: row.metadata_location }
        const { numDeletedRows } = await transaction
          .deleteFrom('catalog_table')
          .where('table_hash', '=', hash)
          .where('metadata_location', '=', row.metadata_location)
          .executeTakeFirst()
        // Somebody committed in between, on engines that let them.
        if (numDeletedRows !== 1n) throw new Error(`${name} changed while it was dropped`)
        await transaction.insertInto('dropped_table').values(rowOf(dropped)).execute()
        return dropped
      })
    },
    async listDropped(catalog, { offset, limit }) {
      const rows = await db
        .selectFrom('dropped_table')
        .selectAll()
        .where('catalog_name', '=', catalog)
        .orderBy('dropped_at', 'desc')
        .orderBy('drop_id')
        .limit(limit)
        .offset(offset)
        .execute()
      return rows.map(droppedOf)
    },
    async restoreDropped(catalog, dropId, { namespace, name }) {
      return db.transaction().execute(async (transaction) => {
        const row = await transaction
          .selectFrom('dropped_table')
          .selectAll()
          .where('drop_id', '=', dropId)
          .where('catalog_name', '=', catalog)
          .executeTakeFirst()
        if (row === undefined) return 'absent'
        const namespaceHash = nameHash(catalog, namespace)
        const parent = await transaction
          .selectFrom('catalog_namespace')
          .select('namespace_hash')
          .where('namespace_hash', '=', namespaceHash)
          .executeTakeFirst()
        if (parent === undefined) return 'no-namespace'
        const tableHash = nameHash(catalog, namespace, name)
        const taken = await transaction
          .selectFrom('catalog_table')
          .select('table_hash')
          .where('table_hash', '=', tableHash)
          .executeTakeFirst()
        if (taken !== undefined) return 'exists'
        await transaction
          .insertInto('catalog_table')
          .values({
            kind: row.kind,
            catalog_name: catalog,
            table_hash: tableHash,
            namespace_hash: namespaceHash,
            namespace: JSON.stringify(namespace),
            name,
            metadata_location: row.metadata_location,
          })
          .execute()
        await transaction.deleteFrom('dropped_table').where('drop_id', '=', dropId).execute()
        return 'restored'
      })
    },
    async listDueDrops(now, limit) {
      const due = db.selectFrom('dropped_table').selectAll().where('purge_at', '<=', now)
      return (await due.orderBy('purge_at').limit(limit).execute()).map(droppedOf)
    },
    async forgetDropped(dropId) {
      await db.deleteFrom('dropped_table').where('drop_id', '=', dropId).execute()
    },
    async findPointerUnder(prefixes, exceptDropId) {
      for (const prefix of prefixes) {
        // The database counts characters, a string of ours halves of them.
        const isUnder = sql<boolean>`substr(metadata_location, 1, ${Array.from(prefix).length}) = ${prefix}`
        const columns = ['catalog_name', 'kind', 'namespace', 'name', 'metadata_location'] as const
        const row =
          (await db.selectFrom('catalog_table').select(columns).where(isUnder).limit(1).executeTakeFirst()) ??
          (await db
            .selectFrom('dropped_table')
            .select(columns)
            .where(isUnder)
            .where('drop_id', '!=', exceptDropId)
            .limit(1)
            .executeTakeFirst())
        if (row !== undefined) return pointerOf(row)
      }
      return undefined
    },
  }
}

type DroppedRow = Selectable<Database['dropped_table']>

function pointerOf(row: Pick<DroppedRow, 'catalog_name' | 'kind' | 'namespace' | 'name' | 'metadata_location'>) {
  return {
    kind: row.kind,
    catalog: row.catalog_name,
    namespace: fromJson<string[]>(row.namespace),
    name: row.name,
    metadataLocation: row.metadata_location,
  }
}

function droppedOf(row: DroppedRow): DroppedPointer {
  return {
    ...pointerOf(row),
    dropId: row.drop_id,
    droppedAt: row.dropped_at,
    purgeAt: row.purge_at,
    purgesFiles: row.purges_files === 1,
  }
}

function rowOf(dropped: DroppedPointer): DroppedRow {
  return {
    drop_id: dropped.dropId,
    catalog_name: dropped.catalog,
    kind: dropped.kind,
    namespace: JSON.stringify(dropped.namespace),
    name: dropped.name,
    metadata_location: dropped.metadataLocation,
    dropped_at: dropped.droppedAt,
    purge_at: dropped.purgeAt,
    purges_files: dropped.purgesFiles ? 1 : 0,
  }
}
