import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { DropKeeping } from '@moraine/catalogs/internal/internal-drops'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { openExternalCatalog, warehouseOf } from '@moraine/catalogs/open-catalog'
import type { CatalogStore, ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import type { Log } from '../service/log.ts'

/** A registered catalog, ready for use. */
export type OpenedCatalog = { readonly catalog: Catalog; readonly io: FileIO; readonly storage: StorageSettings }

export type OpenCatalogs = (name: string, signal?: AbortSignal) => Promise<OpenedCatalog>

export type OpenCatalogsDeps = {
  readonly store: CatalogStore
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
  return (name, signal) => {
    const known = opened.get(name)
    if (known !== undefined) return known
    const opening = open(name, deps, signal).catch((error: unknown) => {
      opened.delete(name)
      throw error
    })
    opened.set(name, opening)
    return opening
  }
}

async function open(name: string, deps: OpenCatalogsDeps, signal: AbortSignal | undefined): Promise<OpenedCatalog> {
  const managed = await deps.store.findCatalog(name)
  if (managed === undefined) throw new MoraineError('not-found', `there is no catalog ${name}`)
  const storage = managed.properties
  const io = openStorage(storage, deps)
  return { catalog: await openByType(managed, io, deps, signal), io, storage }
}

async function openByType(
  managed: ManagedCatalog,
  io: FileIO,
  deps: OpenCatalogsDeps,
  signal: AbortSignal | undefined,
): Promise<Catalog> {
  const { name, type, properties } = managed
  const { clock, random, log, pointers, drops } = deps
  const onLeftover = (error: unknown, left: readonly string[]) =>
    log.warn({ catalog: name, left, error }, 'files or locks were left behind')
  const common = { name, io, clock, random, onLeftover }
  if (type === 'ams') return internalCatalog({ ...common, warehouse: warehouseOf(name, properties), pointers, drops })
  if (type === 'glue') {
    throw new MoraineError('unsupported', `catalog ${name} is of type ${type}, which this version cannot open`)
  }
  return openExternalCatalog({ ...common, type, properties }, signal)
}
