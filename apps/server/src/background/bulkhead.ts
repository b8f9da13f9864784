import type { Admission } from '@moraine/management/catalogs/catalog-breaker'
import type { EpochMs } from '@moraine/stdx/brand'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { boundedJobs, type Jobs } from '../service/jobs.ts'
import type { Log } from '../service/log.ts'

/**
 * Work in flight on tables, at most one piece of a key. Each catalog has places of its own, so that one that does not answer
 * takes none from tables of others, and none at all while its breaker is open.
 */
export type Bulkhead<Key> = {
  has(key: Key): boolean
  hasRoom(catalog: string): boolean
  /** Catalogs that have no room now. */
  full(): readonly string[]
  /** There must be room, and the key be free. When it ends, `onEnd` runs, and the place is free again. */
  start(key: Key, catalog: string, job: () => Promise<void>): void
  /** When a catalog that was left alone may be tried. */
  nextAt(): EpochMs | undefined
  /** Ends when nothing is in flight. */
  drain(): Promise<void>
}

export type BulkheadOptions = {
  readonly name: string
  /** Of each catalog. */
  readonly limit: number
  /** Absent where nobody sees whether catalogs answer. */
  readonly breakers?: Pick<CatalogBreakers, 'admission' | 'begin' | 'refused' | 'nextTryAt'> | undefined
  readonly log: Log
  readonly onEnd: () => void
}

export function bulkhead<Key>({ limit, breakers, ...options }: BulkheadOptions): Bulkhead<Key> {
  const catalogs = new Map<string, Jobs<Key>>()
  const hasRoom = (catalog: string) =>
    freePlaces(catalogs.get(catalog)?.size ?? 0, limit, breakers?.admission(catalog) ?? 'any') > 0
  return {
    has: (key) => [...catalogs.values()].some((jobs) => jobs.has(key)),
    hasRoom,
    full() {
      const known = new Set([...catalogs.keys(), ...(breakers?.refused() ?? [])])
      return [...known].filter((catalog) => !hasRoom(catalog)).sort()
    },
    start(key, catalog, job) {
      const jobs = catalogs.get(catalog) ?? boundedJobs<Key>({ ...options, limit, onEnd: () => ended(catalog) })
      catalogs.set(catalog, jobs)
      const end = breakers?.begin(catalog)
      jobs.start(key, () => job().finally(end))
    },
    nextAt: () => breakers?.nextTryAt(),
    async drain() {
      await Promise.all([...catalogs.values()].map((jobs) => jobs.drain()))
    },
  }

  function ended(catalog: string): void {
    if (catalogs.get(catalog)?.size === 0) catalogs.delete(catalog)
    options.onEnd()
  }
}

/** Of work that hangs since before the breaker opened there may be much: it is not added to. */
export function freePlaces(inFlight: number, limit: number, admitted: Admission): number {
  const free = Math.max(0, limit - inFlight)
  return { any: free, one: Math.min(1, free), none: 0 }[admitted]
}
