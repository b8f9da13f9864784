import type { CatalogOutage } from '@moraine/management/catalogs/catalog-breaker'
import type { LeaderAddress } from '@moraine/management/records/leader-lease'
import type { TableToReach } from '../waiting/planned-ahead.ts'

/** What only the server that does the work has found out, and others need to explain what it does. */
export type WorkNews = {
  /** Catalogs that the work leaves alone, since they do not answer. */
  outages(): readonly CatalogOutage[]
  /** Whether the tasks of a table are handed to nobody for now, since its files cannot be reached. */
  isWithheld(table: TableToReach): boolean
}

/** Tables whose files cannot be reached for now, and catalogs of which no other table is asked for either. */
export type Withheld = { readonly tableIds: readonly number[]; readonly catalogs: readonly string[] }

export const NO_NEWS: WorkNews = { outages: () => [], isWithheld: () => false }

/** Under which the news stand beside how the leader is reached: they are told with each heartbeat, by the row of the lease. */
const KEY = 'news'
const OUTAGES_MAX = 100
const REASON_MAX = 300
const TABLES_MAX = 1000

type SentNews = { readonly outages: readonly CatalogOutage[]; readonly withheld: Withheld }

/** What is added to the leader's address; nothing while all is well. Of very much the first is told. */
export function newsToTell(outages: readonly CatalogOutage[], { tableIds, catalogs }: Withheld): LeaderAddress {
  if (outages.length + tableIds.length + catalogs.length === 0) return {}
  const news: SentNews = {
    outages: outages.slice(0, OUTAGES_MAX).map((each) => ({ ...each, reason: each.reason.slice(0, REASON_MAX) })),
    withheld: { tableIds: tableIds.slice(0, TABLES_MAX), catalogs: catalogs.slice(0, OUTAGES_MAX) },
  }
  return { [KEY]: JSON.stringify(news) }
}

/** What another server told; no news from one that tells none, as an older one does. */
export function newsOf(address: LeaderAddress): WorkNews {
  const text = address[KEY]
  if (typeof text !== 'string') return NO_NEWS
  // Written by a server that has the database to write to.
  const { outages, withheld } = JSON.parse(text) as SentNews
  const [tables, catalogs] = [new Set<number>(withheld.tableIds), new Set(withheld.catalogs)]
  return {
    outages: () => outages,
    isWithheld: ({ tableId, catalog }) => tables.has(tableId) || catalogs.has(catalog),
  }
}
