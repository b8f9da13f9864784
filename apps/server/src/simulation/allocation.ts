import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { readAllocation } from '@moraine/management/resources/allocation-settings'
import type { Container } from '@moraine/management/resources/container'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { allocator } from '../background/allocator.ts'
import type { Reconciler } from '../background/reconciler.ts'
import { type RecordsHint, resourceKeeper } from '../background/resource-keeper.ts'
import { deposed } from '../changes/apply-decision.ts'
import { SILENT_LOG } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import type { Dice } from './dice.ts'
import { SIMULATED_CONTAINER, type SimulatedContainer } from './simulated-container.ts'

/** A group whose optimizers follow its work. */
export function allocatedGroup(dice: Dice): ResourceGroup {
  const each = dice.between(1, 2)
  const min = dice.pick([0, 0, 2]) ?? 0
  const properties = {
    enabled: 'true',
    'min-parallelism': String(min),
    'max-parallelism': String(dice.between(Math.max(2, min), 6)),
    'executor-parallelism': String(each),
    'scheduler-backlog-timeout': dice.pick(['2s', '5s', '20s']) ?? '5s',
    'sustained-backlog-timeout': dice.pick(['2s', '5s', '15s']) ?? '5s',
    'executor-idle-timeout': dice.pick(['30s', '30s', '5min']) ?? '30s',
    'scale-down-cooldown': '10s',
    'drain-timeout': dice.pick(['10s', '5min']) ?? '10s',
  }
  return {
    name: 'default',
    container: SIMULATED_CONTAINER,
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [`dynamic-allocation.${key}`, value]),
    ),
  }
}

/** Who allocates optimizers in the term of a leader, and who minds them. */
export function allocationServices(deps: {
  readonly stores: Stores
  readonly orders: Pick<Container, 'launch' | 'release' | 'list'>
  readonly leads: () => boolean
  readonly clock: Clock
  readonly random: Random
}): readonly [Reconciler<RecordsHint>, Reconciler<never>] {
  const { stores, orders, leads, clock } = deps
  const container = { ...orders, name: SIMULATED_CONTAINER, close: async () => undefined }
  const keeper = resourceKeeper({
    ...deps,
    containers: new Map([[SIMULATED_CONTAINER, container]]),
    registration: async () => ({ url: 'thrift://service:1261', trusted: undefined, groupSecret: undefined }),
    settings: { registrationTimeoutMs: 180_000, drainTimeoutMs: 120_000 },
    leastThreads: new Map(),
    checkLeads() {
      if (!leads()) throw deposed('an order')
    },
    serviceStartedAt: clock.now(),
    log: SILENT_LOG,
  })
  return [keeper, allocator({ ...deps, findHolds: holdFinder(stores, clock), log: SILENT_LOG })]
}

/** However late optimizers come, never more are wanted than the group may have. */
export function brokenAllocation({ groups, resources }: MemoryState): string | undefined {
  for (const group of groups.values()) {
    const allocation = readAllocation(group)
    if (allocation.kind !== 'on') continue
    const { maxThreads } = allocation.settings
    const threads = [...resources.values()].reduce(
      (sum, { group: of, threads: own, state }) =>
        sum + (of === group.name && (state.status === 'requested' || state.status === 'launched') ? own : 0),
      0,
    )
    if (threads > maxThreads)
      return `${threads} threads are wanted in group ${group.name}, which may have ${maxThreads}`
  }
  return undefined
}

/** What of the resources has not come to rest: each has registered or ended, and nobody runs what nobody wants. */
export function restlessResource(
  { groups, resources, optimizers }: MemoryState,
  { running }: SimulatedContainer,
): string | undefined {
  const open = [...resources.values()].filter(({ state }) => state.status !== 'ended')
  const registered = new Set(
    [...optimizers.values()].flatMap(({ optimizer: { state, resourceId } }) =>
      state.status === 'active' ? resourceId : [],
    ),
  )
  const unsettled = open.find(({ resourceId, state }) => state.status !== 'launched' || !registered.has(resourceId))
  if (unsettled !== undefined) return `resource ${unsettled.resourceId} is ${unsettled.state.status}`
  const known = new Set(open.map(({ resourceId }) => resourceId))
  const stray = [...running()].find((resourceId) => !known.has(resourceId))
  if (stray !== undefined) return `${stray} runs, and nobody wants it`
  const group = groups.get('default')
  const allocation = group && readAllocation(group)
  if (allocation?.kind !== 'on') return undefined
  const threads = open.reduce((sum, { threads: own }) => sum + own, 0)
  const spare = open.find(({ threads: own }) => threads - own >= allocation.settings.minThreads)
  return spare && `resource ${spare.resourceId} is idle and not released`
}
