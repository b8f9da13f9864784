import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { DropKeeping } from '@moraine/catalogs/internal/internal-drops'
import { EXTERNAL_LOCATIONS } from '@moraine/catalogs/internal/location-rules'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { openExternalCatalog, warehouseOf } from '@moraine/catalogs/open-catalog'
import { connectionProperties, tableDefaults } from '@moraine/management/catalogs/catalog-connection'
import { type CatalogFilter, catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogMap, CatalogStore } from '@moraine/management/catalogs/managed-catalog'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import { isStorageSetting, type StorageSettings } from '@moraine/storage/settings'
import type { Log } from '../service/log.ts'
import { unsealCatalog } from './catalog-secrets.ts'
import { accessDelegation } from './delegation/access-delegation.ts'
import { type TableAccess, tableAccess } from './delegation/table-access.ts'
import type { SecretVault } from './secret-vault.ts'

/** A registered catalog, ready for use. */
export type OpenedCatalog = {
  readonly catalog: Catalog
  readonly io: FileIO
  /** How optimizers reach its files; nothing of the catalog itself. */
  readonly storage: StorageSettings
  readonly filter: CatalogFilter
  /** Properties of tables that do not say otherwise. */
  readonly tableDefaults: CatalogMap
  /** How clients of the REST catalog come to its files; absent where it hands nothing out. */
  readonly access?: TableAccess
}

export type OpenCatalogs = {
  (name: string, signal?: AbortSignal): Promise<OpenedCatalog>
  /** The next to ask gets it as it is registered then. What is under way ends with what it has. */
  forget(name: string): void
}

export type OpenCatalogsDeps = {
  readonly store: CatalogStore
  readonly vault: SecretVault
  readonly pointers: TablePointers
  readonly drops: DropKeeping
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Opens catalogs by name when they are first needed. One that cannot be opened is tried again the next time; the others
 * do not notice.
 *
 * @throws {MoraineError} `not-found` for a name that is not registered
 */
export function openCatalogs(deps: OpenCatalogsDeps): OpenCatalogs {
  const opened = new Map<string, Promise<OpenedCatalog>>()
  const find = (name: string, signal?: AbortSignal) => {
    const known = opened.get(name)
    if (known !== undefined) return known
    const opening: Promise<OpenedCatalog> = open(name, deps, signal).catch((error: unknown) => {
      if (opened.get(name) === opening) opened.delete(name)
      throw error
    })
    opened.set(name, opening)
    return opening
  }
  return Object.assign(find, { forget: (name: string) => void opened.delete(name) })
}

async function open(name: string, deps: OpenCatalogsDeps, signal: AbortSignal | undefined): Promise<OpenedCatalog> {
  const managed = await deps.store.findCatalog(name)
  if (managed === undefined) throw new MoraineError('not-found', `there is no catalog ${name}`)
  return openPlainCatalog(unsealCatalog(managed, deps.vault), deps, signal)
}

/** A catalog that need not be registered. */
export async function openPlainCatalog(
  plain: PlainCatalog,
  deps: Omit<OpenCatalogsDeps, 'store' | 'vault'>,
  signal: AbortSignal | undefined,
): Promise<OpenedCatalog> {
  const { name, type } = plain
  const { clock, random, log, pointers, drops } = deps
  const properties = connectionProperties(plain)
  const storage = storageSettings(properties)
  const io = openStorage(storage, deps)
  const onLeftover = (error: unknown, left: readonly string[]) =>
    log.warn({ catalog: name, left, error }, 'files or locks were left behind')
  const common = { name, io, clock, random, onLeftover }
  const catalog =
    type === 'ams'
      ? internalCatalog({ ...common, ...internalPlaces(name, properties), pointers, drops })
      : await openExternalCatalog({ ...common, type, properties }, signal)
  const delegation = accessDelegation(properties, type)
  return {
    ...{ catalog, io, storage, filter: catalogFilter(plain.properties), tableDefaults: tableDefaults(plain) },
    ...(delegation && { access: tableAccess(delegation, { catalog: name, clock, random, environment: process.env }) }),
  }
}

function internalPlaces(name: string, properties: CatalogMap) {
  const allowsExternalLocations = properties[EXTERNAL_LOCATIONS]?.trim().toLowerCase() === 'true'
  return { warehouse: warehouseOf(name, properties), allowsExternalLocations }
}

function storageSettings(properties: CatalogMap): StorageSettings {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => isStorageSetting(name)))
}
