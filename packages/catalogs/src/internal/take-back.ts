import { MoraineError } from '@moraine/stdx/error'
import { sameLocation } from '@moraine/storage/location'
import { folderOf } from '@moraine/storage/places'
import { nameTaken, noSuchNamespace } from '../catalog-error.ts'
import { formatIdentifier } from '../table-identifier.ts'
import type { DroppedPointer, DroppedPointers } from './dropped-pointers.ts'
import { findTaken, type InternalStore } from './internal-store.ts'
import type { InternalPointer, TablePointers } from './table-pointers.ts'

/**
 * Registering what was dropped under the same name, while it can be had back, is to have it back: its place is still its
 * own, and beside itself it would be there twice, once to be kept and once to be purged.
 *
 * @param asked a name that is free, and the metadata file to be registered
 * @returns the pointer as it was when it was dropped; `undefined` if nothing of that name and file is kept
 * @throws {MoraineError} `not-found` for a namespace that is not there, `already-exists` if the name was taken meanwhile
 */
export async function takeBack(store: InternalStore, asked: InternalPointer): Promise<InternalPointer | undefined> {
  const drops = store.drops?.pointers
  const neighbour = await drops?.findPointerUnder([folderOf(asked.metadataLocation)])
  if (drops === undefined || neighbour === undefined || !isSame(neighbour, asked)) return undefined
  const dropped = (await drops.findDroppedNamed(asked)).find((each) => isSame(each, asked))
  if (dropped === undefined) return undefined
  await checkAlone(store.pointers, drops, dropped)
  const { kind, catalog, namespace, name, metadataLocation } = dropped
  const outcome = await drops.restoreDropped(catalog, dropped.dropId, { namespace, name }, store.clock.now())
  if (outcome === 'absent') return undefined
  if (outcome === 'no-namespace') throw noSuchNamespace(namespace)
  if (outcome === 'exists') throw nameTaken(kind, (await findTaken(store, dropped)) ?? kind, dropped)
  return { kind, catalog, namespace, name, metadataLocation }
}

/** Whether a table or view that was found by its place has its name, or was dropped. Another commit may have come since. */
export async function isLive(
  pointers: Pick<TablePointers, 'findPointer'>,
  { catalog, namespace, name, metadataLocation }: InternalPointer,
): Promise<boolean> {
  const named = await pointers.findPointer(catalog, namespace, name)
  return named !== undefined && folderOf(named.metadataLocation) === folderOf(metadataLocation)
}

/**
 * Refuses to have back what would lie with something that has a name. Places are kept for what was dropped, so that only what
 * was registered while they were not can be there.
 *
 * @throws {MoraineError} `already-exists`
 */
export async function checkAlone(
  pointers: Pick<TablePointers, 'findPointer'>,
  drops: Pick<DroppedPointers, 'findPointerUnder'>,
  dropped: DroppedPointer,
): Promise<void> {
  const other = await drops.findPointerUnder([folderOf(dropped.metadataLocation)], { dropId: dropped.dropId })
  if (other === undefined || !(await isLive(pointers, other))) return
  throw new MoraineError(
    'already-exists',
    `${dropped.kind} ${formatIdentifier(dropped)} cannot be had back beside the ${other.kind} that has its files now; drop that one first`,
    { context: { entity: other.kind } },
  )
}

function isSame(a: InternalPointer, b: InternalPointer): boolean {
  const isNamed = a.kind === b.kind && a.catalog === b.catalog && a.name === b.name
  const isThere =
    a.namespace.length === b.namespace.length && a.namespace.every((level, at) => level === b.namespace[at])
  return isNamed && isThere && sameLocation(a.metadataLocation, b.metadataLocation)
}
