import type { TableId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Stores } from '@moraine/management/store/stores'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { formatTableName, type TableName } from '@moraine/management/tables/table-name'
import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import { forgetTable } from '../optimizing/forget-table.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const PAGE = 1000

export type ExplorerDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes' | 'catalogs'>
  readonly listing: CatalogListing
  /** `refresh-external-catalogs.interval` */
  readonly intervalMs: number
  readonly onTableAdded: (tableId: TableId) => void
  readonly clock: Clock
  readonly log: Log
}

/** Finds tables that appeared in, or vanished from, the catalogs. A catalog that cannot be listed loses no table. */
export function explorer(deps: ExplorerDeps): Reconciler<string> {
  const { stores, clock, log, intervalMs } = deps
  return reconciler<string>({
    name: 'explorer',
    intervalMs,
    clock,
    log,
    async run({ all, keys }, signal) {
      for (const catalog of await stores.catalogs.listCatalogs()) {
        if (!all && !keys.has(catalog.name)) continue
        try {
          await explore(deps, catalog, signal)
        } catch (error) {
          if (signal.aborted) return {}
          log.warn({ catalog: catalog.name, reason: describeError(error) }, 'a catalog could not be listed')
        }
      }
      return {}
    },
  })
}

async function explore(deps: ExplorerDeps, catalog: ManagedCatalog, signal: AbortSignal): Promise<void> {
  const { stores, listing, clock, log } = deps
  const known = new Map<string, ManagedTable>()
  for (const table of await knownTables(stores, catalog.name)) known.set(keyOf(table.name), table)
  for (const namespace of await listing.listDatabases(catalog.name, signal)) {
    for (const { name, format } of await listing.listTables(catalog.name, namespace, signal)) {
      const tableName = { catalog: catalog.name, namespace, name }
      if (known.delete(keyOf(tableName))) continue
      const added = await stores.tables.addTable({ name: tableName, format, createdAt: clock.now() })
      log.info({ table: formatTableName(tableName), tableId: added.tableId }, 'a table is managed from now on')
      deps.onTableAdded(added.tableId)
    }
  }
  for (const { tableId, name } of known.values()) {
    if (await forgetTable(stores, clock, tableId))
      log.info({ table: formatTableName(name), tableId }, 'a table is gone')
  }
}

async function knownTables(stores: ExplorerDeps['stores'], catalog: string): Promise<readonly ManagedTable[]> {
  const tables: ManagedTable[] = []
  for (;;) {
    const after = tables.at(-1)?.tableId
    const page = await stores.tables.listTables({ catalog, limit: PAGE, ...(after !== undefined && { after }) })
    tables.push(...page)
    if (page.length < PAGE) return tables
  }
}

function keyOf({ namespace, name }: TableName): string {
  return JSON.stringify([namespace, name])
}
