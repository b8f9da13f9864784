import type { Fence } from '@moraine/catalogs/fence'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import { fencedStateStore } from '@moraine/management/leadership/fenced-state-store'
import type { LeaderAddress } from '@moraine/management/records/leader-lease'
import { DEFAULT_GROUP } from '@moraine/management/records/table-settings'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { describeError } from '@moraine/stdx/error'
import type { GroupSecrets } from './access/group-secrets.ts'
import { allocator } from './background/allocator.ts'
import { purger } from './background/purger.ts'
import type { LastRun } from './background/reconciler.ts'
import { type CatalogBreakers, catalogBreakers } from './catalogs/catalog-breakers.ts'
import type { OpenCatalogs } from './catalogs/open-catalogs.ts'
import type { PlacesOfOthers } from './catalogs/places-of-others.ts'
import { watchedCalls, watchedCatalogs } from './catalogs/watched-calls.ts'
import { deposed } from './changes/apply-decision.ts'
import { composeOptimizing } from './compose-optimizing.ts'
import {
  type OptimizerLauncher,
  type OptimizerLauncherDeps,
  optimizerLauncher,
} from './containers/optimizer-launcher.ts'
import { newsToTell, type WorkNews } from './leadership/leader-news.ts'
import { leadingCatalog } from './leadership/leading-catalog.ts'
import type { NudgeSwitch } from './nudges/nudge-switch.ts'
import { derivedKey } from './secrets/derived-key.ts'
import { sealedStores } from './secrets/sealed-stores.ts'
import type { SecretVault } from './secrets/secret-vault.ts'
import type { ServerOptions } from './server-options.ts'
import { type Service, startServices, stopServices } from './service/service.ts'
import { icebergMaintenance } from './table-work/iceberg-maintenance.ts'
import { reachTable } from './table-work/reached-table.ts'
import { readingThreads, spareThreads } from './table-work/reading/reading-threads.ts'
import { tableMemory } from './table-work/reading/table-memory.ts'
import type { TableReading } from './table-work/reading/table-reading.ts'
import { type DoorOptions, type OptimizerDoor, optimizerDoor } from './thrift/optimizer-door.ts'
import { holdFinder } from './waiting/hold-finder.ts'

export type TermOptions = ServerOptions &
  Pick<DoorOptions, 'authenticator' | 'otherUrls' | 'secretKey'> & {
    /** As they come from the database. */
    readonly stores: Stores
    readonly vault: SecretVault
    readonly catalogs: OpenCatalogs
    readonly others: PlacesOfOthers
    readonly listing: CatalogListing
    readonly secretOf: GroupSecrets
    readonly nudges: Pick<NudgeSwitch, 'lead'>
    /** Where engines of Amoro come in. */
    readonly tables: Service
  }

/** What a server does while it leads: everything but the API and the catalogs. */
export type LeaderTerm = {
  readonly thriftPort: number
  /** By which optimizers elsewhere come in. */
  readonly thriftUrl: string
  lastRuns(): Readonly<Record<string, LastRun | undefined>>
  readonly news: WorkNews
  /** The same, for the servers that do not lead. */
  newsToTell(): LeaderAddress
  end(): Promise<void>
}

/**
 * Begins to lead. Whatever was started is stopped again if a part cannot start.
 *
 * @param fence under what is written, where others might lead
 */
export async function beginTerm(options: TermOptions, fence?: () => Fence | undefined): Promise<LeaderTerm> {
  const { optimizing, door, launcher, allocation, services, outages } = composeTerm(options, fence)
  const stopping = new AbortController()
  const leave = options.nudges.lead(optimizing.nudge)
  const end = () => {
    leave()
    stopping.abort()
    return stopServices(services.toReversed())
  }
  try {
    await startServices(services, stopping.signal)
  } catch (error) {
    await end().catch((failure: unknown) => {
      options.log.error({ failure: describeError(failure) }, 'a part did not stop after another could not start')
    })
    throw error
  }
  const lastRuns = () => ({
    ...optimizing.lastRuns(),
    ...launcher.lastRuns(),
    [allocation.name]: allocation.lastRun(),
  })
  const { isWithheld, withheld } = optimizing
  const news = { outages, isWithheld }
  const told = () => newsToTell(outages(), withheld())
  return { thriftPort: door.port(), thriftUrl: door.url(), lastRuns, news, newsToTell: told, end }
}

/** Its parts, none of them started, and `services` in the order in which they start. */
function composeTerm(options: TermOptions, fence: (() => Fence | undefined) | undefined) {
  const { clock, random, log, secretOf, tables, settings } = options
  const state = fence === undefined ? options.stores.state : fencedStateStore(options.stores.state, fence)
  const breakers = catalogBreakers({ clock, log })
  const threads = settings.readingThreads ?? spareThreads()
  const tableBytes = tableMemory(threads)
  const reading = readingThreads({ threads, tableBytes, clock, log })
  const optimizing = composeOptimizing({
    ...options,
    stores: sealedStores({ ...options.stores, state }, options.vault),
    maintenance: maintenanceUnder(options, { breakers, reading, tableBytes, fence }),
    breakers,
    groupSecrets: secretOf,
    othersLed: fence !== undefined,
    onResources: () => launcher.nudge(),
  })
  const door = optimizerDoor(options, optimizing)
  const checkLeads = (what: string) => {
    if (fence !== undefined && fence() === undefined) throw deposed(what)
  }
  const launcher = launcherOf(options, { stores: optimizing.stores, door, checkLeads: () => checkLeads('an order') })
  const allocation = allocator({
    ...{ stores: optimizing.stores, findHolds: holdFinder(optimizing.stores, clock) },
    ...{ clock, random, log },
  })
  const services: readonly Service[] = [
    reading,
    ...optimizing.services,
    purger({ ...options, checkLeads: () => checkLeads('a purge') }),
    door,
    tables,
    launcher,
    allocation,
  ]
  return { optimizing, door, launcher, allocation, services, outages: breakers.outages }
}

type MaintenanceParts = {
  readonly breakers: CatalogBreakers
  readonly reading: TableReading
  readonly tableBytes: number
  readonly fence: (() => Fence | undefined) | undefined
}

/** The work on tables, by catalogs whose silence is told to `breakers`, and with nothing committed once another leads. */
function maintenanceUnder(
  { clock, random, catalogs }: TermOptions,
  { breakers, reading, tableBytes, fence }: MaintenanceParts,
): TableMaintenance {
  const watched = watchedCatalogs(catalogs, watchedCalls({ breakers, clock }))
  return icebergMaintenance({
    ...{ clock, random, reading, tableBytes },
    async reach(table, signal) {
      const reached = await reachTable(watched, table, signal)
      return fence === undefined ? reached : { ...reached, store: leadingCatalog(reached.store, fence) }
    },
  })
}

type LauncherParts = Pick<OptimizerLauncherDeps, 'stores' | 'checkLeads'> & { readonly door: OptimizerDoor }

function launcherOf(options: TermOptions, { stores, door, checkLeads }: LauncherParts): OptimizerLauncher {
  const { optimizerCommand, leastThreads, otherUrls, settings, secretKey } = options
  const caFile = settings.optimizerTls?.caFile
  return optimizerLauncher({
    ...options,
    stores,
    configs: settings.containers,
    settings: settings.resources,
    leastThreads: new Map(leastThreads === undefined ? [] : [[DEFAULT_GROUP, leastThreads]]),
    serviceId: Buffer.from(derivedKey(secretKey, 'containers')).toString('hex').slice(0, 16),
    localCommand: optimizerCommand && (() => optimizerCommand({ url: door.localUrl(), caFile })),
    caFile,
    urls: async () => [...new Set([door.url(), ...((await otherUrls?.()) ?? [])])].join(','),
    checkLeads,
  })
}
