import type { TableId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { EpochMs } from '@moraine/stdx/brand'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { boundedJobs } from '../service/jobs.ts'
import type { Log } from '../service/log.ts'
import { bulkhead } from './bulkhead.ts'
import { parkedTables } from './parked-tables.ts'

/**
 * Looks at tables of the service's own catalogs under way, where the setting does not ask for more: most of the time they wait
 * for the database, which writes what comes together at once. A few of them would be as slow as it is.
 */
const OWN_PARALLELISM = 64

/** What is known of a table that wants a look: where its metadata is, or that its catalog has to be asked. */
export type KnownTable = { readonly table: ManagedTable; readonly location: string | undefined }

/** Looks at tables that are under way, and those that wait for it: for a thread in own catalogs, in others for a place of theirs. */
export type LookPlaces = {
  isLookedAt(tableId: TableId): boolean
  /** Whether it waits for a place of its catalog. */
  waitsInOther(tableId: TableId): boolean
  /** How many wait for a thread. */
  waitingInOwn(): number
  wait(tableId: TableId, known: KnownTable): void
  /** Starts those that wait, as many as there is room for. Of tables of other catalogs nothing is known by then. */
  start(look: (tableId: TableId, known: KnownTable | undefined) => Promise<void>): void
  /** When there is room though nothing ends. */
  nextAt(): EpochMs | undefined
  drain(): Promise<void>
}

export type LookPlacesOptions = {
  /** Of each catalog. */
  readonly parallelism: number
  /** As `BulkheadOptions` has it. */
  readonly breakers?: CatalogBreakers
  /** A look has ended. */
  readonly onEnd: () => void
  readonly log: Log
}

export function lookPlaces({ parallelism, breakers, onEnd, log }: LookPlacesOptions): LookPlaces {
  const waiting = new Map<TableId, KnownTable>()
  const parked = parkedTables()
  const common = { name: 'refresh', log, onEnd }
  const others = bulkhead<TableId>({ ...common, limit: parallelism, breakers })
  const own = boundedJobs<TableId>({ ...common, limit: Math.max(parallelism, OWN_PARALLELISM) })
  const isLookedAt = (tableId: TableId) => others.has(tableId) || own.has(tableId)
  return {
    isLookedAt,
    waitsInOther: parked.has,
    waitingInOwn: () => waiting.size,
    wait(tableId, known) {
      if (known.location !== undefined) waiting.set(tableId, known)
      else parked.add(known.table.name.catalog, tableId)
    },
    start(look) {
      // One that is looked at, by a job that may have begun before the change, is so once more when that has ended.
      const mayGo = (tableId: TableId) => !isLookedAt(tableId)
      for (const [tableId, known] of waiting) {
        if (own.free === 0) break
        if (!mayGo(tableId)) continue
        waiting.delete(tableId)
        own.start(tableId, () => look(tableId, known))
      }
      parked.take(others.hasRoom, mayGo, (tableId, catalog) =>
        others.start(tableId, catalog, () => look(tableId, undefined)),
      )
    },
    nextAt: () => others.nextAt(),
    async drain() {
      await others.drain()
      await own.drain()
    },
  }
}
