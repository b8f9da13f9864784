import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { unreachable } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { GroupSecrets } from './access/group-secrets.ts'
import { committer } from './background/committer.ts'
import { discarder } from './background/discarder.ts'
import { explorer } from './background/explorer.ts'
import { historyCleaner } from './background/history-cleaner.ts'
import { planner } from './background/planner.ts'
import { reaper } from './background/reaper.ts'
import type { LastRun } from './background/reconciler.ts'
import { refresher } from './background/refresher.ts'
import { settler } from './background/settler.ts'
import { type CatalogBreakers, catalogBreakers } from './catalogs/catalog-breakers.ts'
import type { OptimizingSettings } from './config/optimizing-settings.ts'
import type { Withheld } from './leadership/leader-news.ts'
import { announcing, type Nudge } from './nudges/nudges.ts'
import { type Dispatcher, dispatcher } from './optimizing/dispatcher.ts'
import { type OptimizingService, optimizingService } from './optimizing/optimizing-service.ts'
import type { Log } from './service/log.ts'
import type { Service } from './service/service.ts'
import { type HoldFinder, holdFinder } from './waiting/hold-finder.ts'
import type { TableToReach } from './waiting/planned-ahead.ts'

export type OptimizingDeps = {
  readonly stores: Stores
  readonly maintenance: TableMaintenance
  readonly listing: CatalogListing
  /** Of the catalogs that `maintenance` watches; absent where it watches none. */
  readonly breakers?: CatalogBreakers
  readonly settings: OptimizingSettings
  readonly groupSecrets: GroupSecrets
  /** Whether others may have led before, whose clocks are not this one. */
  readonly othersLed: boolean
  /** Whoever minds them has something to look at. */
  readonly onResources: () => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The heart of the server without any wire: what the simulator runs and what `compose.ts` puts behind the ports. */
export type Optimizing = {
  /** The stores through which everybody must write, so that the right reconciler is woken. */
  readonly stores: Stores
  readonly service: OptimizingService
  readonly services: readonly Service[]
  /** Has whoever is concerned look at what has changed outside of the stores. */
  nudge(nudge: Nudge): void
  lastRuns(): Readonly<Record<string, LastRun | undefined>>
  /** Whether the tasks of a table are handed to nobody for now, since its files cannot be reached. */
  isWithheld(table: TableToReach): boolean
  withheld(): Withheld
}

export function composeOptimizing(deps: OptimizingDeps): Optimizing {
  const { settings, clock, log } = deps
  const stores: Stores = { ...deps.stores, state: announcing(deps.stores.state, (nudge) => route(nudge)) }
  const breakers = deps.breakers ?? catalogBreakers({ clock, log })
  const common = { ...deps, stores, findHolds: holdFinder(stores, clock), breakers }
  const tasks = dispatcher({ ...common, breaksQuota: settings.breaksQuota })
  const reconcilers = reconcilersOf(common, tasks)
  const route = routeTo({ ...common, reconcilers, tasks })
  breakers.onAnswer((catalog) => {
    for (const one of [reconcilers.refresher, reconcilers.planner, reconcilers.committer]) one.nudge()
    reconcilers.explorer.nudge(catalog)
  })
  return {
    stores,
    service: optimizingService({
      ...common,
      dispatcher: tasks,
      heartbeatTimeoutMs: settings.deadlines.heartbeatTimeoutMs,
      pollTimeoutMs: settings.pollTimeoutMs,
    }),
    services: [...Object.values(reconcilers), dispatcherService(tasks)],
    nudge: route,
    isWithheld: (table) => tasks.isWithheld(table),
    withheld: () => tasks.withheld(),
    lastRuns: () => Object.fromEntries(Object.values(reconcilers).map((one) => [one.name, one.lastRun()])),
  }
}

type Common = OptimizingDeps & { readonly findHolds: HoldFinder; readonly breakers: CatalogBreakers }
type Reconcilers = ReturnType<typeof reconcilersOf>

/** In the order in which they start. */
function reconcilersOf(common: Common, tasks: Dispatcher) {
  const { settings, clock } = common
  const reconcilers = {
    refresher: refresher({
      ...common,
      limits: settings.refresh,
      parallelism: settings.refresh.parallelism,
      onTableGone: (catalog) => reconcilers.explorer.nudge(catalog),
    }),
    planner: planner({
      ...common,
      parallelism: settings.planningParallelism,
      isWithheld: (table) => tasks.isWithheld(table),
    }),
    settler: settler(common),
    committer: committer({ ...common, parallelism: settings.commitParallelism }),
    reaper: reaper({ ...common, settings: settings.deadlines, serviceStartedAt: clock.now() }),
    discarder: discarder(common),
    explorer: explorer({
      ...common,
      intervalMs: settings.exploreIntervalMs,
      onTableAdded: (tableId) => reconcilers.refresher.nudge(tableId),
    }),
    historyCleaner: historyCleaner({ ...common, ...settings.history }),
  }
  return reconcilers
}

type Nudged = Pick<Common, 'breakers' | 'onResources'> & {
  readonly reconcilers: Reconcilers
  readonly tasks: Dispatcher
}

function routeTo({ breakers, onResources, reconcilers, tasks }: Nudged): (nudge: Nudge) => void {
  return (nudge) => {
    switch (nudge.to) {
      case 'refresher':
        return reconcilers.refresher.nudge(nudge.tableId)
      case 'settler':
        return reconcilers.settler.nudge(nudge.processId)
      case 'committer':
        return reconcilers.committer.nudge(nudge.processId)
      case 'dispatcher':
        return tasks.nudge()
      case 'explorer':
        // Whoever says that something changed there had an answer, or has mended what kept it from answering.
        breakers.hurry(nudge.catalog)
        return reconcilers.explorer.nudge(nudge.catalog)
      case 'resource-keeper':
        return onResources()
      case 'planner':
      case 'reaper':
      case 'discarder':
        return reconcilers[nudge.to].nudge()
      default:
        return unreachable(nudge)
    }
  }
}

function dispatcherService(tasks: Dispatcher): Service {
  return { name: 'dispatcher', start: async () => undefined, stop: () => tasks.stop() }
}
