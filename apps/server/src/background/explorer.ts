import type { TableId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { databaseName, formatTableName, type TableName } from '@moraine/management/records/table-name'
import type { ListedName, TableQuery } from '@moraine/management/records/table-store'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { watchedCalls, watchedListing } from '../catalogs/watched-calls.ts'
import { forgetTable } from '../changes/forget-table.ts'
import { renameManagedTable } from '../changes/rename-table.ts'
import type { Log } from '../service/log.ts'
import { bulkhead } from './bulkhead.ts'
import { findDouble, type MissingTables, missingTables } from './missing-tables.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const PAGE = 1000
const CATALOG_DEADLINE_MS = 10 * 60_000

export type ExplorerDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes' | 'catalogs'>
  readonly listing: CatalogListing
  readonly maintenance: Pick<TableMaintenance, 'identify'>
  /** `refresh-external-catalogs.interval` */
  readonly intervalMs: number
  readonly onTableAdded: (tableId: TableId) => void
  /** As `BulkheadOptions` has it. */
  readonly breakers?: CatalogBreakers
  readonly clock: Clock
  readonly log: Log
}

/**
 * Finds tables that appeared in, or vanished from, the catalogs; one that did both, since it has another name now, stays
 * what it is. A catalog or database that cannot be listed loses no table. Tables of catalogs that are not registered any more
 * are forgotten. Each catalog is listed by itself, and again only when that has ended: the others do not wait for it.
 */
export function explorer(deps: ExplorerDeps): Reconciler<string> {
  const { stores, clock, log, intervalMs, breakers } = deps
  /** Catalogs that are to be listed when there is room. */
  const wanted = new Set<string>()
  const jobs = bulkhead<string>({
    ...{ name: 'listing', limit: 1, breakers, log },
    onEnd: () => wanted.size > 0 && self.nudge(ROOM),
  })
  const self = reconciler<string>({
    name: 'explorer',
    intervalMs,
    clock,
    log,
    drain: () => jobs.drain(),
    async run({ all, keys }, signal) {
      const catalogs = new Map((await stores.catalogs.listCatalogs()).map((each) => [each.name, each]))
      for (const name of all ? catalogs.keys() : keys) if (name !== ROOM) wanted.add(name)
      const gone: string[] = []
      for (const name of wanted) {
        const catalog = catalogs.get(name)
        // What is being listed is listed once more: whatever changed may have been passed by.
        if (jobs.has(name) || (catalog !== undefined && !jobs.hasRoom(name))) continue
        wanted.delete(name)
        if (catalog === undefined) gone.push(name)
        else jobs.start(name, name, () => exploreInTime(deps, catalog, signal))
      }
      const registered = [...catalogs.keys()]
      breakers?.keepOnly(new Set(registered))
      await forgetUnregistered(deps, all ? [{ outside: registered }] : gone.map((catalog) => ({ catalog })))
      return { nextAt: wanted.size > 0 ? jobs.nextAt() : undefined }
    },
  })
  return self
}

/** No catalog has this name: a nudge that only says that there is room. */
const ROOM = ''

async function exploreInTime(deps: ExplorerDeps, catalog: ManagedCatalog, signal: AbortSignal): Promise<void> {
  const { clock, log, breakers } = deps
  const isWatched = breakers !== undefined && catalog.type !== 'ams'
  const listing = isWatched ? watchedListing(deps.listing, watchedCalls({ breakers, clock })) : deps.listing
  const limit = { ms: CATALOG_DEADLINE_MS, what: `listing catalog ${catalog.name}`, signal }
  try {
    await withinDeadline(clock, limit, (inner) => explore({ ...deps, listing }, catalog, inner))
  } catch (error) {
    if (signal.aborted) return
    log.warn({ catalog: catalog.name, reason: describeError(error) }, 'a catalog could not be listed')
  }
}

async function explore(deps: ExplorerDeps, catalog: ManagedCatalog, signal: AbortSignal): Promise<void> {
  const { stores, listing, maintenance, log } = deps
  const known = Map.groupBy(await knownTables(stores, { catalog: catalog.name }), ({ name }) => keyOf(name.namespace))
  const missing = missingTables({ tables: stores.tables, maintenance, log })
  const namespaces = await listing.listDatabases(catalog.name, signal)
  const there = new Set(namespaces.map(keyOf))
  for (const [key, tables] of known) if (!there.has(key)) missing.add(tables)
  for (const namespace of namespaces) {
    const found = await listTables(deps, catalog, namespace, signal)
    checkAborted(signal, `listing catalog ${catalog.name}`)
    if (found === undefined) continue
    const before = known.get(keyOf(namespace)) ?? []
    const names = new Set(found.map(({ name }) => name))
    const knownNames = new Set(before.map(({ name }) => name.name))
    missing.add(before.filter(({ name }) => !names.has(name.name)))
    for (const { name, format } of found) {
      if (!knownNames.has(name))
        await admit(deps, { name: { catalog: catalog.name, namespace, name }, format }, missing, signal)
    }
  }
  checkAborted(signal, `listing catalog ${catalog.name}`)
  await forgetMissing(deps, missing)
}

/** Manages a table of a name that is new: a new one, or one that had another name. */
async function admit(
  { stores, clock, log, onTableAdded }: ExplorerDeps,
  { name, format }: Pick<ManagedTable, 'name' | 'format'>,
  missing: MissingTables,
  signal: AbortSignal,
): Promise<void> {
  const table = formatTableName(name)
  const former = await missing.takeSame(name, signal)
  if (former !== undefined && (await renameManagedTable(stores, former.tableId, name)) === 'renamed') {
    log.info({ table, tableId: former.tableId, former: formatTableName(former.name) }, 'a table has another name')
    onTableAdded(former.tableId)
    return
  }
  const { tableId } = await stores.tables.addTable({ name, format, createdAt: clock.now() })
  log.info({ table, tableId }, 'a table is managed from now on')
  onTableAdded(tableId)
}

async function forgetMissing(deps: ExplorerDeps, missing: MissingTables): Promise<void> {
  const { stores, clock, log } = deps
  const { tables, mayBeNew } = missing.rest()
  for (const table of tables) {
    const { tableId } = table
    const double = await findDouble(stores.tables, table, clock.now())
    if (double !== undefined) {
      const outcome = await renameManagedTable(stores, tableId, double.name)
      const names = { table: formatTableName(double.name), former: formatTableName(table.name) }
      if (outcome === 'renamed') log.info({ ...names, tableId }, 'a table has another name')
    } else if (!mayBeNew) await forget(deps, table)
    // Else it may be one of those: they have been evaluated when the catalog is listed the next time.
  }
}

/** `undefined` if this database cannot be listed, which is no reason to leave out the others. */
async function listTables(
  { listing, log }: ExplorerDeps,
  catalog: ManagedCatalog,
  namespace: readonly string[],
  signal: AbortSignal,
) {
  try {
    return await listing.listTables(catalog.name, namespace, signal)
  } catch (error) {
    if (signal.aborted) throw error
    const database = databaseName(namespace)
    log.warn({ catalog: catalog.name, database, reason: describeError(error) }, 'a database could not be listed')
    return undefined
  }
}

async function forgetUnregistered(deps: ExplorerDeps, queries: readonly CatalogQuery[]): Promise<void> {
  for (const query of queries) {
    for (const table of await knownTables(deps.stores, query)) await forget(deps, table)
  }
}

type CatalogQuery = Pick<TableQuery, 'catalog' | 'outside'>

async function forget({ stores, clock, log }: ExplorerDeps, { tableId, name }: ListedName): Promise<void> {
  if (await forgetTable(stores, clock, tableId)) log.info({ table: formatTableName(name), tableId }, 'a table is gone')
}

async function knownTables(stores: ExplorerDeps['stores'], query: CatalogQuery): Promise<readonly ListedName[]> {
  const tables: ListedName[] = []
  for (;;) {
    const after = tables.at(-1)?.tableId
    const page = await stores.tables.listTableNames({ ...query, limit: PAGE, ...(after !== undefined && { after }) })
    tables.push(...page)
    if (page.length < PAGE) return tables
  }
}

function keyOf(namespace: TableName['namespace']): string {
  return JSON.stringify(namespace)
}
