import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { LoadedTable } from '../catalog.ts'
import { metadataFileGone } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { LocationRules } from './location-rules.ts'
import type { MetadataCache } from './metadata-cache.ts'
import { isUniqueMetadataLocation } from './metadata-file-name.ts'
import type { InternalPointer, PointerKind, TablePointers } from './table-pointers.ts'

/** What the parts of an internal catalog work with. */
export type InternalStore = {
  readonly name: string
  /** Without a trailing slash. */
  readonly warehouse: string
  readonly pointers: TablePointers
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  readonly cache: MetadataCache
  /** Without them tables may be anywhere. */
  readonly locations?: LocationRules
  /** Told of files that could not be removed after the outcome was settled; they do no harm. */
  readonly onLeftover: (error: unknown, locations: readonly string[]) => void
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
  const found = await followPointer(store, 'table', identifier, (location) => readMetadata(store, location, signal))
  if (found === undefined) return undefined
  const { pointer, metadata } = found
  return { pointer, table: { identifier, metadata, metadataLocation: pointer.metadataLocation } }
}

/** What a pointer leads to. A metadata file that a newer commit has removed meanwhile is looked for again. */
export async function followPointer<Metadata>(
  store: InternalStore,
  kind: PointerKind,
  identifier: TableIdentifier,
  read: (location: string) => Promise<Metadata>,
): Promise<{ readonly pointer: InternalPointer; readonly metadata: Metadata } | undefined> {
  let missing: { readonly location: string; readonly error: MoraineError } | undefined
  for (;;) {
    const pointer = await findPointer(store, kind, identifier)
    if (pointer === undefined) return undefined
    const { metadataLocation } = pointer
    if (missing?.location === metadataLocation) {
      throw metadataFileGone(kind, identifier, metadataLocation, missing.error)
    }
    try {
      return { pointer, metadata: await read(metadataLocation) }
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      missing = { location: metadataLocation, error }
    }
  }
}

export async function readMetadata(
  store: InternalStore,
  location: string,
  signal?: AbortSignal,
): Promise<TableMetadata> {
  const cached = store.cache.find(location)
  if (cached !== undefined) {
    await checkPresent(store, location, signal)
    return cached
  }
  const bytes = await store.io.read(location, signal)
  const metadata = parseTableMetadata(bytes, location)
  if (isUniqueMetadataLocation(location)) store.cache.add(location, metadata, bytes.byteLength)
  return metadata
}

// Where it costs next to nothing: clients would be told of a state that nobody else can read.
async function checkPresent({ io }: InternalStore, location: string, signal?: AbortSignal): Promise<void> {
  if (io.localPath?.(location) === undefined) return
  if ((await io.stat(location, signal)) === undefined) throw new MoraineError('not-found', `${location} does not exist`)
}

/** Removes files that nobody needs any more; a failure does not change what has been decided. */
export async function removeQuietly(store: InternalStore, locations: readonly string[]): Promise<void> {
  if (locations.length === 0) return
  try {
    await store.io.remove(locations)
  } catch (error) {
    store.onLeftover(error, locations)
  }
}
