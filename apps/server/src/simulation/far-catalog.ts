import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { TableName } from '@moraine/management/records/table-name'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import type { Clock } from '@moraine/stdx/clock'
import type { WatchCall } from '../catalogs/watched-calls.ts'
import type { Dice } from './dice.ts'
import { never } from './faults.ts'

/** A catalog that others keep, which hangs at times: calls of it never end, whether they took effect or not. */
export const FAR = 'far'

export type FarCatalog = { readonly dice: Dice; hangs: boolean }

/** Until the storm is over. */
export async function hangAtTimes(far: FarCatalog, clock: Clock, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await clock.sleep(far.dice.between(5_000, 120_000))
    far.hangs = !isOver()
    await clock.sleep(far.dice.between(5_000, 240_000))
    far.hangs = false
  }
}

const CALL_MS = 60_000

/** The same work; what is asked of the far catalog is watched. */
export function farMaintenance(work: TableMaintenance, far: FarCatalog, watch: WatchCall): TableMaintenance {
  const ask = <T>({ catalog }: TableName, signal: AbortSignal, call: () => Promise<T>): Promise<T> =>
    catalog === FAR
      ? watch({ catalog, what: 'a call of the far catalog', ms: CALL_MS, signal }, () => hanging(far, call))
      : call()
  return {
    ...work,
    findMetadataLocation: (table, signal) => ask(table, signal, () => work.findMetadataLocation(table, signal)),
    identify: (table, signal) => ask(table, signal, () => work.identify(table, signal)),
    evaluate: (request, signal) => ask(request.table, signal, () => work.evaluate(request, signal)),
    plan: (request, signal) => ask(request.table, signal, () => work.plan(request, signal)),
    loadAccess: (table, signal) => ask(table, signal, () => work.loadAccess(table, signal)),
    commit: (request, signal) => ask(request.table, signal, () => work.commit(request, signal)),
  }
}

export function farListing(listing: CatalogListing, far: FarCatalog): CatalogListing {
  const ask = <T>(catalog: string, call: () => Promise<T>) => (catalog === FAR ? hanging(far, call) : call())
  return {
    listDatabases: (catalog, signal) => ask(catalog, () => listing.listDatabases(catalog, signal)),
    listTables: (catalog, database, signal) => ask(catalog, () => listing.listTables(catalog, database, signal)),
  }
}

async function hanging<T>({ hangs, dice }: FarCatalog, call: () => Promise<T>): Promise<T> {
  if (!hangs) return call()
  if (dice.chance(0.5)) await call()
  return never()
}
