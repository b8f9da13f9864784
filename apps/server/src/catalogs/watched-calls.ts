import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind } from '@moraine/stdx/error'
import type { CatalogBreakers } from './catalog-breakers.ts'
import type { FindOpened, OpenedCatalog } from './open-catalogs.ts'

/** A call of a catalog that others keep. */
export type CatalogCall = {
  readonly catalog: string
  /** For messages. */
  readonly what: string
  readonly ms: number
  readonly signal?: AbortSignal | undefined
  /** It may be answered without the catalog, from what is known: that it succeeds proves nothing. */
  readonly provesNothing?: true
}

/** Makes the call within its deadline, and sees whether the catalog answers. */
export type WatchCall = <T>(call: CatalogCall, run: (signal: AbortSignal) => Promise<T>) => Promise<T>

export type WatchedCallsDeps = {
  readonly breakers: Pick<CatalogBreakers, 'answered' | 'unanswered'>
  readonly clock: Pick<Clock, 'sleep'>
}

/** That a catalog refuses is an answer; that it is away, or that nothing comes in time, is none. */
export function watchedCalls({ breakers, clock }: WatchedCallsDeps): WatchCall {
  return async ({ catalog, what, ms, signal, provesNothing }, run) => {
    try {
      const limit = { ms, what, remedy: 'check the catalog and the network', signal }
      const answer = await withinDeadline(clock, limit, run)
      if (!provesNothing) breakers.answered(catalog)
      return answer
    } catch (error) {
      // Whoever asked gave up first, which says nothing of the catalog.
      if (signal?.aborted) throw error
      if (isKind(error, 'timeout') || isKind(error, 'unavailable')) breakers.unanswered(catalog, describeError(error))
      else breakers.answered(catalog)
      throw error
    }
  }
}

const READ_MS = 2 * 60_000
/** Of Hive it waits for locks, three minutes by default. */
const COMMIT_MS = 5 * 60_000
/** Of many pages. */
const LIST_MS = 5 * 60_000

/** The same catalogs; what work on a table asks of those that others keep is watched, opening them included. */
export function watchedCatalogs(catalogs: FindOpened, watch: WatchCall): FindOpened {
  // Before a catalog is open nothing says whose it is. Of one of our own only the database can be away.
  const own = new Set<string>()
  return async (catalog, signal) => {
    if (own.has(catalog)) {
      const opened = await catalogs(catalog, signal)
      if (opened.placement.type === 'ams') return opened
      own.delete(catalog)
    }
    const call = { catalog, what: `opening catalog ${catalog}`, ms: READ_MS, signal, provesNothing: true } as const
    const opened = await watch(call, (inner) => catalogs(catalog, inner))
    if (opened.placement.type !== 'ams') return watchedTables(opened, watch)
    own.add(catalog)
    return opened
  }
}

function watchedTables(opened: OpenedCatalog, watch: WatchCall): OpenedCatalog {
  const { catalog } = opened
  const call = (doing: string, table: string, ms: number, signal: AbortSignal | undefined): CatalogCall => {
    return { catalog: catalog.name, what: `catalog ${catalog.name}: ${doing} ${table}`, ms, signal }
  }
  return {
    ...opened,
    catalog: {
      ...catalog,
      findMetadataLocation: (identifier, signal) =>
        watch(call('looking for', identifier.name, READ_MS, signal), (inner) =>
          catalog.findMetadataLocation(identifier, inner),
        ),
      loadTable: (identifier, signal) =>
        watch(call('loading', identifier.name, READ_MS, signal), (inner) => catalog.loadTable(identifier, inner)),
      commitTable: (identifier, commit, signal) =>
        watch(call('a commit to', identifier.name, COMMIT_MS, signal), (inner) =>
          catalog.commitTable(identifier, commit, inner),
        ),
    },
  }
}

export function watchedListing(listing: CatalogListing, watch: WatchCall): CatalogListing {
  return {
    listDatabases(catalog, signal) {
      const call = { catalog, what: `catalog ${catalog}: listing databases`, ms: LIST_MS, signal }
      return watch(call, (inner) => listing.listDatabases(catalog, inner))
    },
    listTables(catalog, database, signal) {
      const call = { catalog, what: `catalog ${catalog}: listing tables of ${database.join('.')}`, ms: LIST_MS, signal }
      return watch(call, (inner) => listing.listTables(catalog, database, inner))
    },
  }
}
