import { later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import { nameTaken, noSuchNamespace, noSuchTable, noSuchView } from '../catalog-error.ts'
import type { DroppedTable, DroppedTables } from '../dropped-tables.ts'
import { PAGE_SIZE } from '../page.ts'
import { checkIdentifier, type TableIdentifier } from '../table-identifier.ts'
import type { DroppedPointer, DroppedPointers } from './dropped-pointers.ts'
import { findTaken, type InternalStore, loadPointed } from './internal-store.ts'

export type DropKeeping = {
  readonly pointers: DroppedPointers
  /** For how long a dropped table can be had back. */
  readonly retentionMs: number
}

/** Dropped tables and views of an internal catalog: their names are free at once, their files stay for a time. */
export function internalDrops(
  store: InternalStore,
  { pointers, retentionMs }: DropKeeping,
): DroppedTables & {
  dropView(identifier: TableIdentifier): Promise<void>
} {
  const { name: catalog, clock, random } = store
  const drop = (kind: 'table' | 'view', { namespace, name }: TableIdentifier, purgesFiles: boolean) => {
    const droppedAt = clock.now()
    const purgeAt = later(droppedAt, retentionMs)
    const what = { kind, catalog, namespace, name }
    return pointers.dropPointer(what, { dropId: uuidV4(random), droppedAt, purgeAt, purgesFiles })
  }
  return {
    async dropTable(identifier, { purge }) {
      checkIdentifier(identifier)
      await checkUnprotected(store, identifier)
      const dropped = await drop('table', identifier, purge)
      if (dropped === undefined) throw noSuchTable(identifier)
      return droppedTable(dropped)
    },

    async dropView(identifier) {
      checkIdentifier(identifier)
      if ((await drop('view', identifier, false)) === undefined) throw noSuchView(identifier)
    },

    async listDropped(page = '0') {
      const offset = Number(page)
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new MoraineError('invalid-input', `${page} is no page of dropped tables`)
      }
      const found = await pointers.listDropped(catalog, { offset, limit: PAGE_SIZE + 1 })
      const items = found.slice(0, PAGE_SIZE).map(droppedTable)
      return { items, ...(found.length > PAGE_SIZE && { nextPage: String(offset + PAGE_SIZE) }) }
    },

    async restoreDropped(dropId, as) {
      const dropped = await pointers.findDropped(catalog, dropId)
      if (dropped === undefined) throw gone(dropId)
      const to = as ?? { namespace: dropped.namespace, name: dropped.name }
      checkIdentifier(to)
      const outcome = await pointers.restoreDropped(catalog, dropId, to)
      if (outcome === 'absent') throw gone(dropId)
      if (outcome === 'no-namespace') throw noSuchNamespace(to.namespace)
      if (outcome === 'exists') throw nameTaken(dropped.kind, (await findTaken(store, to)) ?? dropped.kind, to)
      return { ...droppedTable(dropped), identifier: to }
    },
  }
}

/** A property of the table, so that whoever may change the table may lift it. */
const PROTECTION = 'deletion-protection.enabled'

async function checkUnprotected(store: InternalStore, identifier: TableIdentifier): Promise<void> {
  // A table whose metadata cannot be read can still be dropped.
  const found = await loadPointed(store, identifier).catch(() => undefined)
  const properties = found?.table.metadata.properties ?? {}
  const isProtected = Object.hasOwn(properties, PROTECTION) && properties[PROTECTION]?.trim().toLowerCase() === 'true'
  if (!isProtected) return
  throw new MoraineError(
    'permission',
    `table ${[...identifier.namespace, identifier.name].join('.')} is protected: set its property ${PROTECTION} to false to drop it`,
    { context: { entity: 'table' } },
  )
}

function gone(dropId: string): MoraineError {
  return new MoraineError('not-found', `there is no dropped table ${dropId}; it may be restored or purged already`)
}

function droppedTable(dropped: DroppedPointer): DroppedTable {
  const { dropId, kind, namespace, name, metadataLocation, droppedAt, purgeAt, purgesFiles } = dropped
  return { dropId, kind, identifier: { namespace, name }, metadataLocation, droppedAt, purgeAt, purgesFiles }
}
