import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from '../catalog.ts'
import { metadataCache } from '../metadata-file/metadata-cache.ts'
import { type DropKeeping, internalDrops } from './internal-drops.ts'
import { internalNamespaces } from './internal-namespaces.ts'
import type { InternalStore } from './internal-store.ts'
import { internalTables } from './internal-tables.ts'
import { internalViews } from './internal-views.ts'
import type { LocationRules } from './location-rules.ts'
import type { TablePointers } from './table-pointers.ts'

export type InternalCatalogOptions = {
  readonly name: string
  /** Where tables go that are created without a location. */
  readonly warehouse: string
  /** Whether clients may put tables outside of the warehouse. */
  readonly allowsExternalLocations?: boolean
  readonly pointers: TablePointers
  /** Keeps what is dropped for a time; without it a name that is dropped is forgotten, and the files stay. */
  readonly drops?: DropKeeping
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Told of files that could not be removed after the outcome was settled; they do no harm. */
  readonly onLeftover: InternalStore['onLeftover']
}

/**
 * The catalog that this service keeps itself: the current metadata file of each table and view is a row in its database, and a
 * commit swaps that pointer if it still is what the commit was based on. Metadata files are written where Iceberg's
 * metastore catalogs write them. A lost race is a `conflict` with `raced`; whether to try again is the caller's to say.
 */
export function internalCatalog(options: InternalCatalogOptions): Catalog {
  const warehouse = options.warehouse.replace(/\/+$/, '')
  const store: InternalStore = {
    ...options,
    warehouse,
    locations: locationRules(warehouse, options),
    cache: metadataCache(CACHED_METADATA_BYTES_MAX),
  }
  const views = internalViews(store)
  const catalog = { name: options.name, ...internalNamespaces(store), ...internalTables(store), views }
  if (options.drops === undefined) return catalog
  const { dropView, ...dropped } = internalDrops(store, options.drops)
  return {
    ...catalog,
    views: { ...views, dropView },
    dropped,
    dropTable: async (identifier) => void (await dropped.dropTable(identifier, { purge: false })),
  }
}

function locationRules(
  warehouse: string,
  { allowsExternalLocations = false, drops }: InternalCatalogOptions,
): LocationRules {
  const found = drops?.pointers
  return {
    warehouse,
    allowsExternal: allowsExternalLocations,
    ...(found !== undefined && { findPointerUnder: (prefixes) => found.findPointerUnder(prefixes, NO_DROP) }),
  }
}

/** Any dropped table counts. */
const NO_DROP = ''

/** Of the files; the parsed values take a few times as much memory. */
const CACHED_METADATA_BYTES_MAX = 32 * 1024 * 1024
