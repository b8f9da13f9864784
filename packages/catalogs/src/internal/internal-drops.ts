import { checkAborted } from '@moraine/stdx/abort'
import { later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import { nameTaken, noSuchNamespace, noSuchTable, noSuchView } from '../catalog-error.ts'
import type { DroppedTable, DroppedTables } from '../dropped-tables.ts'
import { PAGE_SIZE } from '../page.ts'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { checkUnprotected } from './deletion-protection.ts'
import type { DroppedPointer, DroppedPointers } from './dropped-pointers.ts'
import { findPointer, findTaken, type InternalStore } from './internal-store.ts'
import type { InternalPointer, PointerKind } from './table-pointers.ts'
import { checkAlone } from './take-back.ts'

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
  dropView(identifier: TableIdentifier, signal?: AbortSignal): Promise<void>
} {
  const { name: catalog, clock, random } = store
  const drop = async (
    kind: PointerKind,
    identifier: TableIdentifier,
    { purgesFiles, signal }: { readonly purgesFiles: boolean; readonly signal?: AbortSignal | undefined },
    judge?: (pointer: InternalPointer) => Promise<void>,
  ) => {
    checkIdentifier(identifier)
    const doing = `dropping ${formatIdentifier(identifier)}`
    for (let attempt = 0; attempt < DROP_ATTEMPTS; attempt += 1) {
      const pointer = await findPointer(store, kind, identifier)
      if (pointer === undefined) return undefined
      await judge?.(pointer)
      checkAborted(signal, doing)
      const droppedAt = clock.now()
      const purgeAt = later(droppedAt, retentionMs)
      // What was judged is what is dropped: a commit in between may have protected it.
      const dropped = await pointers.dropPointer(pointer, { dropId: uuidV4(random), droppedAt, purgeAt, purgesFiles })
      if (dropped !== undefined) return dropped
    }
    throw new MoraineError('conflict', `${formatIdentifier(identifier)} is being changed by others; drop it again`)
  }
  return {
    async dropTable(identifier, { purge }, signal) {
      const dropped = await drop('table', identifier, { purgesFiles: purge, signal }, (pointer) =>
        checkUnprotected(store, pointer, 'drop it'),
      )
      if (dropped === undefined) throw noSuchTable(identifier)
      return droppedTable(dropped)
    },

    async dropView(identifier, signal) {
      if ((await drop('view', identifier, { purgesFiles: false, signal })) === undefined) throw noSuchView(identifier)
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

    async purgeNow(dropId, { files }, judge) {
      const dropped = await pointers.findDropped(catalog, dropId)
      if (dropped === undefined) throw gone(dropId)
      judge?.(droppedTable(dropped))
      if (dropped.kind === 'view' && files === true) {
        throw new MoraineError('invalid-input', `the files of views are not purged: purge ${dropId} without them`)
      }
      const order = { purgeAt: clock.now(), purgesFiles: files ?? dropped.purgesFiles }
      const advanced = await pointers.advancePurge(catalog, dropId, order)
      if (advanced === undefined) throw new MoraineError('conflict', `${dropId} is being purged already, or had back`)
      return droppedTable(advanced)
    },

    async restoreDropped(dropId, as, judge) {
      const dropped = await pointers.findDropped(catalog, dropId)
      if (dropped === undefined) throw gone(dropId)
      judge?.(droppedTable(dropped))
      const to = as ?? { namespace: dropped.namespace, name: dropped.name }
      checkIdentifier(to)
      await checkAlone(store.pointers, pointers, dropped)
      const outcome = await pointers.restoreDropped(catalog, dropId, to, clock.now())
      if (outcome === 'absent') throw gone(dropId)
      if (outcome === 'no-namespace') throw noSuchNamespace(to.namespace)
      if (outcome === 'exists') throw nameTaken(dropped.kind, (await findTaken(store, to)) ?? dropped.kind, to)
      return { ...droppedTable(dropped), identifier: to }
    },
  }
}

/** Each lost race means that somebody else's commit was made. */
const DROP_ATTEMPTS = 10

function gone(dropId: string): MoraineError {
  return new MoraineError('not-found', `there is no dropped table ${dropId}; it may be restored or purged already`)
}

function droppedTable(dropped: DroppedPointer): DroppedTable {
  const { dropId, kind, namespace, name, metadataLocation, droppedAt, purgeAt, purgesFiles } = dropped
  return { dropId, kind, identifier: { namespace, name }, metadataLocation, droppedAt, purgeAt, purgesFiles }
}
