import type { Database } from '@aws-sdk/client-glue'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { LoadedTable } from '../catalog.ts'
import { metadataFileGone } from '../catalog-error.ts'
import type { MetadataCache } from '../internal/metadata-cache.ts'
import { isUniqueMetadataLocation } from '../internal/metadata-file-name.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import type { GlueService } from './glue-service.ts'
import type { GlueSettings } from './glue-settings.ts'
import { type GlueTable, gluePointer } from './glue-table.ts'

/** What the parts of a Glue catalog work with. */
export type GlueStore = {
  readonly settings: GlueSettings
  readonly service: GlueService
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  readonly cache: MetadataCache
  /** Told of files that could not be removed after the outcome was settled. */
  readonly onLeftover: (error: unknown, locations: readonly string[]) => void
}

/** A table of any kind. `identifier` is as Glue has it. */
export async function findGlueTable(
  { service, settings }: Pick<GlueStore, 'service' | 'settings'>,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<GlueTable | undefined> {
  const request = { CatalogId: settings.catalogId, DatabaseName: identifier.namespace[0], Name: identifier.name }
  const doing = `to show table ${formatIdentifier(identifier)}`
  try {
    return (await service.repeatable(doing, (glue, options) => glue.getTable(request, options), signal)).Table
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) return undefined
    throw error
  }
}

export async function findGlueDatabase(
  { service, settings }: Pick<GlueStore, 'service' | 'settings'>,
  name: string,
  signal?: AbortSignal,
): Promise<Database | undefined> {
  const request = { CatalogId: settings.catalogId, Name: name }
  const doing = `to show database ${name}`
  try {
    return (await service.repeatable(doing, (glue, options) => glue.getDatabase(request, options), signal)).Database
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) return undefined
    throw error
  }
}

/** The table and its metadata. A metadata file that a newer commit has removed meanwhile is looked for again. */
export async function loadGlueTable(
  store: GlueStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<LoadedTable | undefined> {
  let missing: string | undefined
  for (;;) {
    const metadataLocation = gluePointer(await findGlueTable(store, identifier, signal), identifier)
    if (metadataLocation === undefined) return undefined
    try {
      return { identifier, metadata: await readGlueMetadata(store, metadataLocation, signal), metadataLocation }
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      if (missing === metadataLocation) throw metadataFileGone('table', identifier, metadataLocation, error)
      missing = metadataLocation
    }
  }
}

export async function readGlueMetadata(
  { cache, io }: Pick<GlueStore, 'cache' | 'io'>,
  location: string,
  signal?: AbortSignal,
): Promise<TableMetadata> {
  const cached = cache.find(location)
  if (cached !== undefined) return cached
  const bytes = await io.read(location, signal)
  const metadata = parseTableMetadata(bytes, location)
  if (isUniqueMetadataLocation(location)) cache.add(location, metadata, bytes.byteLength)
  return metadata
}

/** Removes metadata files that nobody needs any more; a failure does not change what has been decided. */
export async function removeGlueMetadata(store: GlueStore, locations: readonly string[]): Promise<void> {
  if (locations.length === 0) return
  try {
    await store.io.remove(locations)
  } catch (error) {
    store.onLeftover(error, locations)
  }
}
