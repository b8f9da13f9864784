import type { Catalog } from '@moraine/catalogs/catalog'
import type { UnderClaims } from '@moraine/catalogs/internal/claimed-pointers'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { DropKeeping } from '@moraine/catalogs/internal/internal-drops'
import { EXTERNAL_LOCATIONS } from '@moraine/catalogs/internal/location-rules'
import type { OtherCatalogs } from '@moraine/catalogs/internal/other-catalogs'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { type ExternalCatalogType, openExternalCatalog, warehouseOf } from '@moraine/catalogs/open-catalog'
import type { RequestClaim } from '@moraine/catalogs/request-claim'
import { connectionProperties, tableDefaults } from '@moraine/management/catalogs/catalog-connection'
import { type CatalogFilter, storedFilter } from '@moraine/management/catalogs/catalog-filter'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogMap, CatalogStore } from '@moraine/management/catalogs/managed-catalog'
import { checkAborted, orAbort } from '@moraine/stdx/abort'
import { withoutAddressSecrets } from '@moraine/stdx/address-for-messages'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { LOCAL_FOLDERS } from '@moraine/storage/local-folders'
import { openStorage } from '@moraine/storage/open-storage'
import { isStorageSetting, type StorageSettings } from '@moraine/storage/settings'
import type { PlacementRules } from '../access/placement.ts'
import type { SecretVault } from '../secrets/secret-vault.ts'
import type { Log } from '../service/log.ts'
import { unsealCatalog } from './catalog-secrets.ts'
import { OWN_FILES_ONLY } from './check-catalog-values.ts'
import { accessDelegation } from './delegation/access-delegation.ts'
import { type TableAccess, tableAccess } from './delegation/table-access.ts'
import { guardedPurge } from './guarded-purge.ts'
import { type KeepOut, keepOut } from './keep-out.ts'
import { type LentCatalog, lentCatalog } from './lent-catalog.ts'
import { asLoginFailure, withLoginFailures } from './login-failures.ts'
import { noSuchCatalog } from './no-such-catalog.ts'
import type { PlacesOfOthers } from './places-of-others.ts'
import { servedFolders } from './served-folders.ts'
import { withStoreFailures } from './store-failures.ts'
import { withCreationDefaults } from './table-defaults.ts'
import { type TableFiles, tableFiles } from './table-files.ts'

/** A registered catalog, ready for use. */
export type OpenedCatalog = {
  readonly catalog: Catalog
  /** The same catalog, for one request: what it changes is changed only while the claim holds. Absent where claims are not known. */
  readonly under?: (claim: RequestClaim) => Catalog
  readonly io: FileIO
  /** How optimizers reach its files; nothing of the catalog itself. */
  readonly storage: StorageSettings
  /** Absent where the catalog says nothing of the files of its tables: then `io` and `storage` are for all of them. */
  readonly files?: TableFiles
  /**
   * Whether optimizing leaves files alone that do not lie in their table's own places. What a table names is said by its
   * writers, and rows that it copies are read with the service's keys. Catalogs that others keep have tables that
   * imported such files, whose writers have keys of their own.
   */
  readonly boundsFiles: boolean
  readonly filter: CatalogFilter
  /** Properties of tables that do not say otherwise. */
  readonly tableDefaults: CatalogMap
  /** How clients of the REST catalog come to its files; absent where it hands nothing out. */
  readonly access?: TableAccess
  /** Where its tables may be put. */
  readonly placement: PlacementRules
  /** Absent for the service's own, which judges places as they are taken. */
  readonly keepOut?: KeepOut
}

/** @throws {MoraineError} `not-found` for a name that is not registered */
export type FindOpened = (name: string, signal?: AbortSignal) => Promise<OpenedCatalog>

export type OpenCatalogs = FindOpened & {
  /** The next to ask gets it as it is registered then. What is under way ends with what it has, which closes after that. */
  forget(name: string): void
  /** Lets all connections go, at the end of the service, and waits for no catalog that is still being opened. */
  close(): Promise<void>
}

export type OpenCatalogsDeps = {
  readonly store: CatalogStore
  readonly vault: SecretVault
  readonly pointers: TablePointers
  /** Without it changes are made whatever becomes of the claims on their requests. */
  readonly underClaims?: UnderClaims
  readonly drops: DropKeeping
  /** Whose places tables of the service's own catalogs keep out of, and purges. */
  readonly others: OtherCatalogs & Pick<PlacesOfOthers, 'findUser'>
  readonly clock: Clock
  readonly random: Random
  /** As `TableAccessDeps` has it. */
  readonly stagedKey: Uint8Array
  /** How REST catalogs are asked, by the name of the catalog; the runtime's by default. */
  readonly fetchFor?: (catalog: string) => typeof fetch
  readonly log: Log
}

/**
 * Opens catalogs by name when they are first needed, and anew when they are registered otherwise, whichever server on the
 * database did that. One that cannot be opened is tried again the next time; the others do not notice.
 *
 * What is done with a catalog goes through these, the outermost first. Here, for everybody:
 *
 * - `lentCatalog` counts calls, so that a catalog that is registered otherwise is closed once nobody uses it. Around all that
 *   makes calls of its own, which belong to the call that it counts; also around what `tableFiles` asks.
 * - `withCreationDefaults` completes new tables, for whoever makes them.
 * - `withLoginFailures`, of what others keep, says of every call, those of a purge included, that it is the service that is not
 *   let in, and not the caller.
 * - `guardedPurge`, of what others keep, looks before it purges. Next to the catalog itself, so that no way leads around it.
 *
 * For clients, of both interfaces, around these:
 *
 * - `placedCatalog` (the REST catalog) judges the places that a client names by that client's rights: it is made for each
 *   request, and refuses before anything is told or asked.
 * - `tellingCatalog` tells the service's own work what was changed. The work itself goes without, since it knows.
 *
 * For the service's own work on a table (`reachTable`), which sees the `CatalogTables` alone:
 *
 * - `leadingCatalog` puts the leader's fence into each commit, whatever made it.
 * - `noticing` keeps what a loaded table vends, once `keptOut` has let it pass.
 * - `keptOut` refuses tables of others that lie in places of ours, with the properties that count,
 * - which `withTableDefaults` completes: for optimizing only, since clients would store them.
 *
 * @throws {MoraineError} `not-found` for a name that is not registered
 */
export function openCatalogs(deps: OpenCatalogsDeps): OpenCatalogs {
  const { store, clock } = deps
  const entries = new Map<string, Entry>()
  const lent = new Set<LentCatalog>()
  /** Those that nobody asks for any more included. */
  const openings = new Set<Promise<Held>>()
  const closing = new AbortController()
  // Shared by all who wait for it: whoever gives up waiting stops no other.
  const begin = (name: string): Entry => {
    const opening = openStored(name, deps, closing.signal)
      .then((held) => {
        lent.add(held.lent)
        return held
      })
      .finally(() => openings.delete(opening))
    openings.add(opening)
    const entry: Entry = { opening, lookedAtMs: clock.monotonicMs() }
    entries.set(name, entry)
    opening.catch(() => drop(name, entry))
    return entry
  }
  const drop = (name: string, entry: Entry | undefined) => {
    if (entry === undefined || entries.get(name) !== entry) return
    entries.delete(name)
    const retired = entry.opening.then(async ({ lent: one }) => {
      await one.retire()
      lent.delete(one)
    })
    retired.catch(() => undefined)
  }
  const current = async (name: string): Promise<OpenedCatalog> => {
    const entry = entries.get(name)
    if (entry !== undefined && clock.monotonicMs() - entry.lookedAtMs >= LOOK_MS) {
      entry.lookedAtMs = clock.monotonicMs()
      const [version, held] = await Promise.all([store.findCatalogVersion(name), entry.opening])
      if (held.version !== version) drop(name, entry)
    }
    return (await (entries.get(name) ?? begin(name)).opening).opened
  }
  const find = (name: string, signal?: AbortSignal) => orAbort(current(name), signal, `opening catalog ${name}`)
  return Object.assign(find, {
    forget: (name: string) => drop(name, entries.get(name)),
    async close() {
      closing.abort(new MoraineError('aborted', 'the service stops'))
      entries.clear()
      // Each heeds the signal, whatever it waits for; what opens nevertheless is closed where it was waited for.
      await Promise.allSettled(openings)
      await Promise.all([...lent].map((one) => one.close()))
    },
  })
}

/** How soon it is noticed that another server on the database has changed a catalog. */
const LOOK_MS = 1000

type Held = { readonly version: number; readonly opened: OpenedCatalog; readonly lent: LentCatalog }
type Entry = { readonly opening: Promise<Held>; lookedAtMs: number }

async function openStored(name: string, deps: OpenCatalogsDeps, signal: AbortSignal): Promise<Held> {
  const doing = `opening catalog ${name}`
  checkAborted(signal, doing)
  const managed = await orAbort(deps.store.findCatalog(name), signal, doing)
  if (managed === undefined) throw noSuchCatalog(name)
  const plain = unsealCatalog(managed, deps.vault)
  const bare = await openWithoutFiles(plain, deps, signal).catch((error: unknown) => {
    throw isKind(error, 'not-found') ? farSideAbsent(name, error) : asLoginFailure(name, error)
  })
  const lent = lentCatalog(bare.catalog, deps)
  return { version: managed.version, opened: withFiles({ ...bare, catalog: lent.catalog }, deps), lent }
}

/** Not `not-found`: the catalog is registered, and whoever asked for it did not name the other side. */
function farSideAbsent(name: string, cause: MoraineError): MoraineError {
  return new MoraineError(
    'unavailable',
    `catalog ${name} is registered here, and the service that keeps it says that it has no such thing: ${describeError(cause)}; check the uri and the warehouse that it is registered with`,
    { cause },
  )
}

type OpenDeps = Omit<OpenCatalogsDeps, 'store' | 'vault'>

/** A catalog that need not be registered. */
export async function openPlainCatalog(
  plain: PlainCatalog,
  deps: OpenDeps,
  signal: AbortSignal | undefined,
): Promise<OpenedCatalog> {
  return withFiles(await openWithoutFiles(plain, deps, signal), deps)
}

async function openWithoutFiles(
  plain: PlainCatalog,
  deps: OpenDeps,
  signal: AbortSignal | undefined,
): Promise<Omit<OpenedCatalog, 'files'>> {
  const { name, type } = plain
  const { clock, random, stagedKey, fetchFor, log, pointers, underClaims, drops, others } = deps
  const properties = connectionProperties(plain)
  const storage = storageSettings(properties)
  const io = withStoreFailures(openStorage(storage, deps))
  const onLeftover = (error: unknown, left: readonly string[]) =>
    log.warn(
      { catalog: name, left: left.map(withoutAddressSecrets), failure: describeError(error) },
      'files or locks were left behind',
    )
  const common = { name, io, clock, random, boundsFiles: !allowsExternal(properties), onLeftover }
  // What makes no sense is said before anything is open that would have to be closed.
  const defaults = tableDefaults(plain)
  const filter = storedFilter(plain.properties)
  const delegation = accessDelegation(properties, type)
  const access = delegation && tableAccess(delegation, { catalog: name, clock, stagedKey, environment: process.env })
  const openInternal = () => {
    const stores = { pointers, drops, others, ...(underClaims && { underClaims }) }
    const { under, ...catalog } = internalCatalog({ ...common, ...internalPlaces(name, properties), ...stores })
    return { catalog, ...(under && { under: (claim: RequestClaim) => withCreationDefaults(under(claim), defaults) }) }
  }
  const openExternal = async (external: ExternalCatalogType) => {
    const asked = { ...common, type: external, properties, ...(fetchFor && { fetch: fetchFor(name) }) }
    const catalog = guardedPurge(await openExternalCatalog(asked, signal), { drops: drops.pointers, others })
    return { catalog: withLoginFailures(catalog) }
  }
  const opened = type === 'ams' ? openInternal() : await openExternal(type)
  return {
    ...{
      ...opened,
      catalog: withCreationDefaults(opened.catalog, defaults),
      io,
      storage,
      filter,
      tableDefaults: defaults,
    },
    boundsFiles: type === 'ams' ? !allowsExternal(properties) : isTrue(properties[OWN_FILES_ONLY]),
    placement: { type, warehouse: properties['warehouse'], allowsExternal: allowsExternal(properties) },
    ...(access && { access }),
    ...(type !== 'ams' && { keepOut: keepOut(name, drops.pointers) }),
  }
}

/** What the catalog says of the files of its tables is asked through `opened.catalog`, as it is by then. */
function withFiles(opened: Omit<OpenedCatalog, 'files'>, deps: OpenDeps): OpenedCatalog {
  const { catalog, storage, io } = opened
  const { loadStorage, name } = catalog
  if (loadStorage === undefined) return opened
  const { clock, log } = deps
  const files = tableFiles({
    ...{ loadStorage, own: storage, io, clock },
    open: (settings) => openStorage(settings, deps),
    onLate: (table, error) => log.warn({ catalog: name, table, failure: describeError(error) }, LATE),
  })
  return { ...opened, files }
}

const LATE = 'credentials for the files of a table could not be renewed; those at hand are used until they end'

function internalPlaces(name: string, properties: CatalogMap) {
  return { warehouse: warehouseOf(name, properties), allowsExternalLocations: allowsExternal(properties) }
}

function allowsExternal(properties: CatalogMap): boolean {
  return isTrue(properties[EXTERNAL_LOCATIONS])
}

function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}

function storageSettings(properties: CatalogMap): StorageSettings {
  const given = Object.entries(properties).filter(([name]) => isStorageSetting(name))
  return { ...Object.fromEntries(given), [LOCAL_FOLDERS]: servedFolders(properties, allowsExternal(properties)) }
}
