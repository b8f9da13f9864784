import type { TableId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { databaseName, formatTableName, type TableName } from '@moraine/management/tables/table-name'
import type { ListedName, TableQuery } from '@moraine/management/tables/table-store'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import { forgetTable } from '../optimizing/forget-table.ts'
import { renameManagedTable } from '../optimizing/rename-table.ts'
import type { Log } from '../service/log.ts'
import { findDouble, type MissingTables, missingTables } from './missing-tables.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const PAGE = 1000
/** Catalogs listed at a time: one that does not answer must not keep the others waiting. */
const AT_ONCE = 8
const CATALOG_DEADLINE_MS = 10 * 60_000

export type ExplorerDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes' | 'catalogs'>
  readonly listing: CatalogListing
  readonly maintenance: Pick<TableMaintenance, 'identify'>
  /** `refresh-external-catalogs.interval` */
  readonly intervalMs: number
  readonly onTableAdded: (tableId: TableId) => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * Finds tables that appeared in, or vanished from, the catalogs; one that did both, since it has another name now, stays
 * what it is. A catalog or database that cannot be listed loses no table. Tables of catalogs that are not registered any more
 * are forgotten.
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

function keyOf(namespace: TableName['namespace']): string {
  return JSON.stringify(namespace)
}
