import { decodeMetadataFile, encodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { metadataFileGone } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { MetadataCache } from './metadata-cache.ts'
import { isUniqueMetadataLocation, newMetadataLocation } from './metadata-file-name.ts'
import { storableMetadataText } from './metadata-text.ts'

/** How a catalog that points to metadata files comes to them. */
export type MetadataFiles = {
  readonly io: FileIO
  readonly random: Random
  readonly cache: MetadataCache
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles: boolean
  /** Told of files that could not be removed after the outcome was settled; they do no harm. */
  readonly onLeftover: (error: unknown, locations: readonly string[]) => void
}

/** @throws {MoraineError} `not-found` if the file is not there, `corrupt` if it is damaged */
export async function readMetadata(
  files: Pick<MetadataFiles, 'cache' | 'io'>,
  location: string,
  signal?: AbortSignal,
): Promise<TableMetadata> {
  const { metadata, present } = await recallMetadata(files, location, signal)
  await present
  return metadata
}

/** What a file said when it was read, which may be some time ago. */
export type RecalledMetadata = {
  readonly metadata: TableMetadata
  /** Rejects with `not-found` if the file is gone since; it is looked for beside what the caller does meanwhile. */
  readonly present: Promise<void>
}

/** As {@link readMetadata}, for whoever can take back what was done once `present` tells. */
export async function recallMetadata(
  { cache, io }: Pick<MetadataFiles, 'cache' | 'io'>,
  location: string,
  signal?: AbortSignal,
): Promise<RecalledMetadata> {
  const cached = cache.find(location)
  if (cached !== undefined) {
    const present = checkPresent(io, location, signal)
    // Nobody may come to wait for it.
    present.catch(() => {})
    return { metadata: cached, present }
  }
  // Zipped, metadata is a tenth or less of what it takes in memory.
  const text = decodeMetadataFile(await io.read(location, signal), location)
  const metadata = parseTableMetadata(text, location)
  if (isUniqueMetadataLocation(location)) cache.add(location, metadata, text.length)
  return { metadata, present: Promise.resolve() }
}

// Where it costs next to nothing: clients would be told of a state that nobody else can read.
async function checkPresent(io: FileIO, location: string, signal?: AbortSignal): Promise<void> {
  if (io.localPath?.(location) === undefined) return
  if ((await io.stat(location, signal)) === undefined) throw new MoraineError('not-found', `${location} does not exist`)
}

/**
 * Writes the metadata file that follows `previous`; nothing points to it yet.
 *
 * @throws {MoraineError} `invalid-input` for what could not be read back
 */
export async function writeMetadata(
  { io, random, cache }: MetadataFiles,
  metadata: TableMetadata,
  previous: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const location = newMetadataLocation(metadata, previous, random)
  const text = storableMetadataText(metadata)
  const bytes = encodeMetadataFile(text, location)
  // The name is unique, so nothing can be replaced, and a write that is sent twice does no harm.
  await io.write(location, bytes, { isUnreferenced: true }, signal)
  cache.add(location, metadata, text.length)
  return location
}

/** Removes files that nobody needs any more; a failure does not change what has been decided. */
export async function removeQuietly(
  { io, onLeftover }: Pick<MetadataFiles, 'io' | 'onLeftover'>,
  locations: readonly string[],
): Promise<void> {
  if (locations.length === 0) return
  try {
    await io.remove(locations)
  } catch (error) {
    onLeftover(error, locations)
  }
}

/** Makes a change that files were written for. What it throws says that nothing was changed, and they go. */
export async function orRemove<T>(
  files: Pick<MetadataFiles, 'io' | 'onLeftover'>,
  written: readonly string[],
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change()
  } catch (error) {
    await removeQuietly(files, written)
    throw error
  }
}

/**
 * What the pointer of a table or view leads to; `undefined` if it has none. A metadata file that a newer commit has removed
 * meanwhile is looked for again.
 *
 * @throws {MoraineError} `corrupt` if the file that is pointed to is gone
 */
export async function followPointer<Pointer extends { readonly metadataLocation: string }, Metadata>(
  { kind, identifier }: { readonly kind: 'table' | 'view'; readonly identifier: TableIdentifier },
  find: () => Promise<Pointer | undefined>,
  read: (location: string) => Promise<Metadata>,
): Promise<{ readonly pointer: Pointer; readonly metadata: Metadata } | undefined> {
  let missing: string | undefined
  for (;;) {
    const pointer = await find()
    if (pointer === undefined) return undefined
    const { metadataLocation } = pointer
    try {
      return { pointer, metadata: await read(metadataLocation) }
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      if (missing === metadataLocation) throw metadataFileGone(kind, identifier, metadataLocation, error)
      missing = metadataLocation
    }
  }
}
