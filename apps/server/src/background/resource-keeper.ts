import type { ResourceId } from '@moraine/lifecycle/identity'
import type { Resource } from '@moraine/management/records/resource'
import type { Container } from '@moraine/management/resources/container'
import {
  type KeepInput,
  type KeepSettings,
  keepResources,
  type Listing,
  type ResourceOrder,
} from '@moraine/management/resources/keep-resources'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { boundedJobs, type Jobs } from '../service/jobs.ts'
import type { Log } from '../service/log.ts'
import { carryOut, type OrderPlace } from './carry-out-order.ts'
import { keepMinimums } from './keep-minimums.ts'
import { type ListingLog, listingLog } from './listing-log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

/** What containers run is asked for this often, and whenever one says that it changed. */
const LIST_INTERVAL_MS = 15_000
const LIST_DEADLINE_MS = 30_000
/** Orders that one container has at a time. */
const ORDERS_AT_ONCE = 4

export type ResourceKeeperDeps = {
  readonly stores: Pick<Stores, 'state' | 'resources' | 'optimizers' | 'tasks' | 'groups'>
  /** Those that launch optimizers. */
  readonly containers: ReadonlyMap<string, Container>
  readonly registration: OrderPlace['registration']
  readonly settings: KeepSettings
  /** Threads that are kept in groups that do not say themselves. */
  readonly leastThreads: ReadonlyMap<string, number>
  /** Throws once another server may lead. */
  readonly checkLeads: () => void
  readonly serviceStartedAt: EpochMs
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A hint that records have changed: containers need not be asked what they run. */
export type RecordsHint = 'records'

/**
 * Has containers launch what is wanted and let go what is not, and minds what becomes of it. Whatever a container is asked
 * for was recorded before; one that hangs holds up nobody else.
 */
export function resourceKeeper(deps: ResourceKeeperDeps): Reconciler<RecordsHint> {
  const { stores, containers, clock, log } = deps
  const heard = new Map<string, Listing>()
  const tell = listingLog(clock, log)
  const wake = () => self.nudge('records')
  const jobsOf = <Key>(name: string, limit: number) => boundedJobs<Key>({ name, limit, log, onEnd: wake })
  const listings = jobsOf<string>('listing of a container', containers.size)
  const orders = new Map([...containers.keys()].map((name) => [name, jobsOf<ResourceId>('order', ORDERS_AT_ONCE)]))
  let serviceStartedAt = deps.serviceStartedAt
  const self = reconciler<RecordsHint>({
    name: 'resource keeper',
    intervalMs: LIST_INTERVAL_MS,
    clock,
    log,
    async drain() {
      await listings.drain()
      for (const jobs of orders.values()) await jobs.drain()
    },
    async run({ all }, signal) {
      for (const container of all ? containers.values() : []) {
        if (listings.has(container.name)) continue
        listings.start(container.name, async () => {
          const listing = await askFor(container, { clock, tell }, signal)
          if (listing !== undefined) heard.set(container.name, listing)
        })
      }
      const listed = new Map([...containers.keys()].map((name) => [name, heard.get(name)]))
      heard.clear()
      // A clock that was set back knows of nothing before.
      serviceStartedAt = Math.min(serviceStartedAt, clock.now()) as EpochMs
      const input = await load(deps, { containers: listed, serviceStartedAt })
      const decision = keepResources(input)
      for (const { resourceId, reason, isFailure, changes } of decision.moves) {
        const { kind } = await stores.state.apply(changes)
        if (kind === 'deposed') return {}
        // What was heard is used up: it has to be asked for again.
        if (kind === 'lost') self.nudge()
        else if (isFailure) log.warn({ resourceId, reason }, 'a resource is lost')
        else log.info({ resourceId, reason }, 'a resource moves on')
      }
      startOrders(decision.orders, { ...deps, orders, nudge: () => self.nudge() }, signal)
      const minimumAt = await keepMinimums(deps, input)
      return { nextAt: earliest([decision.nextAt, minimumAt].filter((at) => at !== undefined)) }
    },
  })
  return self
}

async function askFor(
  container: Container,
  { clock, tell }: { readonly clock: Clock; readonly tell: ListingLog },
  signal: AbortSignal,
): Promise<Listing | undefined> {
  const at = clock.now()
  const limit = { ms: LIST_DEADLINE_MS, what: `listing what container ${container.name} runs`, signal }
  try {
    const launched = await withinDeadline(clock, limit, (inner) => container.list(inner))
    tell.answered(container.name)
    return { at, launched }
  } catch (error) {
    if (!signal.aborted) tell.failed(container.name, describeError(error))
    return undefined
  }
}

async function load(
  { stores, settings, clock }: ResourceKeeperDeps,
  { containers, serviceStartedAt }: Pick<KeepInput, 'containers' | 'serviceStartedAt'>,
): Promise<KeepInput> {
  const resources = await stores.resources.listResources()
  const optimizers = await stores.optimizers.listLiveOptimizers()
  const registered = new Set<string>(optimizers.map(({ resourceId }) => resourceId))
  const isDraining = resources.some(
    ({ resourceId, state }) => state.status === 'releasing' && registered.has(resourceId),
  )
  const lastGone = new Map<ResourceId, EpochMs>()
  for (const { resourceId, state } of resources) {
    if (state.status !== 'launched' || registered.has(resourceId)) continue
    const goneAt = await stores.optimizers.lastGoneAt(resourceId)
    if (goneAt !== undefined) lastGone.set(resourceId, goneAt)
  }
  return {
    resources,
    optimizers,
    assigned: isDraining ? await stores.tasks.listAssigned() : [],
    groups: await stores.groups.listGroups(),
    containers,
    lastGone,
    ended: await findEnded(stores, resources, registered),
    settings,
    serviceStartedAt,
    now: clock.now(),
  }
}

/** Of the resources that optimizers were launched for, those that have ended; usually none. */
async function findEnded(
  { resources: store }: Pick<Stores, 'resources'>,
  resources: readonly Resource[],
  registered: ReadonlySet<string>,
): Promise<ReadonlySet<ResourceId>> {
  const open = new Set<string>(resources.map(({ resourceId }) => resourceId))
  const ended = new Set<ResourceId>()
  for (const resourceId of registered) {
    if (resourceId === '' || open.has(resourceId)) continue
    const found = await store.findResource(resourceId as ResourceId)
    if (found?.state.status === 'ended') ended.add(found.resourceId)
  }
  return ended
}

type OrderDeps = ResourceKeeperDeps & {
  readonly orders: ReadonlyMap<string, Jobs<ResourceId>>
  /** To look at everything again. */
  readonly nudge: () => void
}

/** Whoever there is no room for is looked at when an order of that container has ended. */
function startOrders(orders: readonly ResourceOrder[], deps: OrderDeps, signal: AbortSignal): void {
  for (const order of orders) {
    const { container: name, resourceId } = order.kind === 'release-stray' ? order : order.resource
    const container = deps.containers.get(name)
    const jobs = deps.orders.get(name)
    if (container === undefined || jobs === undefined || jobs.has(resourceId) || jobs.free === 0) continue
    jobs.start(resourceId, () => carryOut(order, { ...deps, container }, signal))
  }
}
