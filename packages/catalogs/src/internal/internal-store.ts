import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import type { LoadedTable } from '../catalog.ts'
import {
  followPointer,
  type MetadataFiles,
  type RecalledMetadata,
  readMetadata,
  recallMetadata,
} from '../metadata-file/metadata-files.ts'
import { claimLost, type RequestClaim } from '../request-claim.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { UnderClaims } from './claimed-pointers.ts'
import type { DroppedPointers } from './dropped-pointers.ts'
import type { LocationRules } from './location-rules.ts'
import type { InternalPointer, PointerKind, TablePointers } from './table-pointers.ts'

/** What the parts of an internal catalog work with. */
export type InternalStore = MetadataFiles & {
  readonly name: string
  /** Without a trailing slash. */
  readonly warehouse: string
  readonly pointers: TablePointers
  /** Stores that others write to, too, know of no claims. */
  readonly underClaims?: UnderClaims | undefined
  readonly clock: Clock
  /** Without them tables may be anywhere. */
  readonly locations?: LocationRules
  /** What was dropped and keeps its place. */
  readonly drops?: { readonly pointers: DroppedPointers } | undefined
}

/** The same store, which is changed only while all the claims hold. */
export function storeUnder(store: InternalStore, claims: readonly RequestClaim[]): InternalStore {
  if (claims.length === 0 || store.underClaims === undefined) return store
  const { pointers, drops } = store.underClaims(claims, claimLost)
  return { ...store, pointers, ...(store.drops && { drops: { ...store.drops, pointers: drops } }) }
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

export type TableAtPointer = { readonly pointer: InternalPointer; readonly table: LoadedTable }

/** The table and its pointer. */
export async function loadPointed(
  store: InternalStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<TableAtPointer | undefined> {
  const found = await follow(store, identifier, (location) => readMetadata(store, location, signal))
  return found && tableAtPointer(identifier, found.pointer, found.metadata)
}

/** The same, with what {@link recallMetadata} tells later. */
export async function recallPointed(
  store: InternalStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<(TableAtPointer & Pick<RecalledMetadata, 'present'>) | undefined> {
  const found = await follow(store, identifier, (location) => recallMetadata(store, location, signal))
  if (found === undefined) return undefined
  const { metadata, present } = found.metadata
  return { ...tableAtPointer(identifier, found.pointer, metadata), present }
}

function follow<Metadata>(
  store: InternalStore,
  identifier: TableIdentifier,
  read: (location: string) => Promise<Metadata>,
) {
  return followPointer({ kind: 'table', identifier }, () => findPointer(store, 'table', identifier), read)
}

function tableAtPointer(
  identifier: TableIdentifier,
  pointer: InternalPointer,
  metadata: TableMetadata,
): TableAtPointer {
  return { pointer, table: { identifier, metadata, metadataLocation: pointer.metadataLocation } }
}
