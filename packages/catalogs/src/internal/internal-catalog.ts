import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from '../catalog.ts'
import { metadataCache } from '../metadata-file/metadata-cache.ts'
import type { RequestClaim } from '../request-claim.ts'
import type { UnderClaims } from './claimed-pointers.ts'
import { type DropKeeping, internalDrops } from './internal-drops.ts'
import { internalNamespaces } from './internal-namespaces.ts'
import { type InternalStore, storeUnder } from './internal-store.ts'
import { internalTables, type TableLines, tableLines } from './internal-tables.ts'
import { internalViews } from './internal-views.ts'
import type { LocationRules } from './location-rules.ts'
import type { OtherCatalogs } from './other-catalogs.ts'
import type { InternalPointer, TablePointers } from './table-pointers.ts'
import { isLive } from './take-back.ts'
import { unlessGone } from './unless-gone.ts'
import { isVacant } from './vacant-folder.ts'

export type InternalCatalogOptions = {
  readonly name: string
  /** Where tables go that are created without a location. */
  readonly warehouse: string
  /** Whether clients may put tables outside of the warehouse. */
  readonly allowsExternalLocations?: boolean
  readonly pointers: TablePointers
  /** The same store, and what was dropped there, under claims. */
  readonly underClaims?: UnderClaims
  /** Keeps what is dropped for a time; without it a name that is dropped is forgotten, and the files stay. */
  readonly drops?: DropKeeping
  /** What other catalogs have in the same stores; without it nobody looks. */
  readonly others?: OtherCatalogs
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
export function internalCatalog(options: InternalCatalogOptions): InternalCatalog {
  const warehouse = options.warehouse.replace(/\/+$/, '')
  const store: InternalStore = {
    ...options,
    warehouse,
    locations: locationRules(warehouse, options),
    boundsFiles: options.allowsExternalLocations !== true,
    cache: metadataCache(),
  }
  const lines = tableLines(store)
  return {
    ...catalogOn(store, options, lines),
    ...(options.underClaims && { under: (claim) => catalogOn(storeUnder(store, [claim]), options, lines, claim) }),
  }
}

export type InternalCatalog = Catalog & {
  /** The same catalog, for one request: what it changes is changed only while the claim holds. Absent where claims are not known. */
  readonly under?: (claim: RequestClaim) => Catalog
}

function catalogOn(
  store: InternalStore,
  { name, drops }: InternalCatalogOptions,
  lines: TableLines,
  claim?: RequestClaim,
): Catalog {
  const views = internalViews(store)
  const own = { ...internalNamespaces(store), ...internalTables(store, lines, claim) }
  if (drops === undefined || store.drops === undefined) return { name, ...unlessGone(own), views: unlessGone(views) }
  const { dropView, ...dropped } = internalDrops(store, { ...drops, pointers: store.drops.pointers })
  const dropTable: typeof own.dropTable = async (identifier, signal) => {
    await dropped.dropTable(identifier, { purge: false }, signal)
  }
  return { name, ...unlessGone({ ...own, dropTable }), views: unlessGone({ ...views, dropView }), dropped }
}

function locationRules(
  warehouse: string,
  { allowsExternalLocations = false, drops, pointers, others, io }: InternalCatalogOptions,
): LocationRules {
  const found = drops?.pointers
  const seen = async (neighbour: InternalPointer | undefined) =>
    neighbour && { ...neighbour, isDropped: !(await isLive(pointers, neighbour)) }
  return {
    warehouse,
    allowsExternal: allowsExternalLocations,
    ...(others && { others, isVacant: (folder) => isVacant(io, warehouse, folder) }),
    ...(found !== undefined && {
      neighbours: {
        under: async (folders, except) => seen(await found.findPointerUnder(folders, except)),
        around: async (folders, except) => seen(await found.findPointerAround(folders, except)),
      },
    }),
  }
}
