import type { Clock } from '@moraine/stdx/clock'
import type { LoadedTable } from '../catalog.ts'
import { followPointer, type MetadataFiles, readMetadata } from '../metadata-file/metadata-files.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { LocationRules } from './location-rules.ts'
import type { InternalPointer, PointerKind, TablePointers } from './table-pointers.ts'

/** What the parts of an internal catalog work with. */
export type InternalStore = MetadataFiles & {
  readonly name: string
  /** Without a trailing slash. */
  readonly warehouse: string
  readonly pointers: TablePointers
  readonly clock: Clock
  /** Without them tables may be anywhere. */
  readonly locations?: LocationRules
}

/** The pointer of a table or view; the other kind of the same name is none. */
export async function findPointer(
  store: InternalStore,
  kind: PointerKind,
  { namespace, name }: TableIdentifier,
): Promise<InternalPointer | undefined> {
  const pointer = await store.pointers.findPointer(store.name, namespace, name)
  return pointer?.kind === kind ? pointer : undefined
}

/** What to say to whoever wants a name that a table or view has; `undefined` if it is free. */
export async function findTaken(
  store: InternalStore,
  { namespace, name }: TableIdentifier,
): Promise<PointerKind | undefined> {
  return (await store.pointers.findPointer(store.name, namespace, name))?.kind
}

/** The table and its pointer. */
export async function loadPointed(
  store: InternalStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<{ readonly pointer: InternalPointer; readonly table: LoadedTable } | undefined> {
  const found = await followPointer(
    { kind: 'table', identifier },
    () => findPointer(store, 'table', identifier),
    (location) => readMetadata(store, location, signal),
  )
  if (found === undefined) return undefined
  const { pointer, metadata } = found
  return { pointer, table: { identifier, metadata, metadataLocation: pointer.metadataLocation } }
}
