import type { TableId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Stores } from '@moraine/management/store/stores'
import { databaseName, formatTableName, type TableName } from '@moraine/management/tables/table-name'
import type { ListedName, TableQuery } from '@moraine/management/tables/table-store'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import { forgetTable } from '../optimizing/forget-table.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const PAGE = 1000
/** Catalogs listed at a time: one that does not answer must not keep the others waiting. */
const AT_ONCE = 8
const CATALOG_DEADLINE_MS = 10 * 60_000

export type ExplorerDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes' | 'catalogs'>
  readonly listing: CatalogListing
  /** `refresh-external-catalogs.interval` */
  readonly intervalMs: number
  readonly onTableAdded: (tableId: TableId) => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * Finds tables that appeared in, or vanished from, the catalogs. A catalog or database that cannot be listed loses no
 * table. Tables of catalogs that are not registered any more are forgotten.
 */
export function explorer(deps: ExplorerDeps): Reconciler<string> {
  const { stores, clock, log, intervalMs } = deps
  return reconciler<string>({
    name: 'explorer',
    intervalMs,
    clock,
    log,
    async run({ all, keys }, signal) {
      const catalogs = await stores.catalogs.listCatalogs()
      const asked = catalogs.filter(({ name }) => all || keys.has(name))
      await mapBounded(asked, AT_ONCE, async (catalog) => {
        const limit = { ms: CATALOG_DEADLINE_MS, what: `listing catalog ${catalog.name}`, signal }
        try {
          await withinDeadline(clock, limit, (inner) => explore(deps, catalog, inner))
        } catch (error) {
          if (signal.aborted) return
          log.warn({ catalog: catalog.name, reason: describeError(error) }, 'a catalog could not be listed')
        }
      })
      if (signal.aborted) return {}
      await forgetUnregistered(deps, new Set(catalogs.map(({ name }) => name)), all ? undefined : keys)
      return {}
    },
  })
}

async function explore(deps: ExplorerDeps, catalog: ManagedCatalog, signal: AbortSignal): Promise<void> {
  const { stores, listing, clock, log } = deps
  const known = new Map<string, ListedName>()
  for (const table of await knownTables(stores, { catalog: catalog.name })) known.set(keyOf(table.name), table)
  const unlisted = new Set<string>()
  for (const namespace of await listing.listDatabases(catalog.name, signal)) {
    const found = await listTables(deps, catalog, namespace, signal)
    if (found === undefined) unlisted.add(JSON.stringify(namespace))
    checkAborted(signal, `listing catalog ${catalog.name}`)
    for (const { name, format } of found ?? []) {
      const tableName = { catalog: catalog.name, namespace, name }
      if (known.delete(keyOf(tableName))) continue
      const added = await stores.tables.addTable({ name: tableName, format, createdAt: clock.now() })
      log.info({ table: formatTableName(tableName), tableId: added.tableId }, 'a table is managed from now on')
      deps.onTableAdded(added.tableId)
    }
  }
  checkAborted(signal, `listing catalog ${catalog.name}`)
  for (const table of known.values()) {
    if (!unlisted.has(JSON.stringify(table.name.namespace))) await forget(deps, table)
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

/** Of the catalogs of these names, or of all. */
async function forgetUnregistered(
  deps: ExplorerDeps,
  registered: ReadonlySet<string>,
  names: ReadonlySet<string> | undefined,
): Promise<void> {
  const gone = names && [...names].filter((name) => !registered.has(name))
  const asked = gone === undefined ? [{ outside: [...registered] }] : gone.map((catalog) => ({ catalog }))
  for (const query of asked) {
    for (const table of await knownTables(deps.stores, query)) await forget(deps, table)
  }
}

async function forget({ stores, clock, log }: ExplorerDeps, { tableId, name }: ListedName): Promise<void> {
  if (await forgetTable(stores, clock, tableId)) log.info({ table: formatTableName(name), tableId }, 'a table is gone')
}

async function knownTables(
  stores: ExplorerDeps['stores'],
  query: Pick<TableQuery, 'catalog' | 'outside'>,
): Promise<readonly ListedName[]> {
  const tables: ListedName[] = []
  for (;;) {
    const after = tables.at(-1)?.tableId
    const page = await stores.tables.listTableNames({ ...query, limit: PAGE, ...(after !== undefined && { after }) })
    tables.push(...page)
    if (page.length < PAGE) return tables
  }
}

function keyOf({ namespace, name }: TableName): string {
  return JSON.stringify([namespace, name])
}
