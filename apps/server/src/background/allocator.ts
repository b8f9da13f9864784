import type { ResourceId } from '@moraine/lifecycle/identity'
import type { GroupAllocation } from '@moraine/management/records/group-allocation'
import type { Resource } from '@moraine/management/records/resource'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { isWithOneOf, type Task } from '@moraine/management/records/task'
import { launchBackOff } from '@moraine/management/resources/allocation-back-off'
import type { AllocationFacts } from '@moraine/management/resources/allocation-figures'
import { type AllocationMemory, FRESH_MEMORY } from '@moraine/management/resources/allocation-memory'
import { type AllocationSettings, readAllocation } from '@moraine/management/resources/allocation-settings'
import { allocationText } from '@moraine/management/resources/allocation-verdict'
import { type AllocationDecision, decideAllocation } from '@moraine/management/resources/decide-allocation'
import { releaseResource } from '@moraine/management/resources/move-resource'
import { recordAllocation } from '@moraine/management/resources/record-allocation'
import { requestResource } from '@moraine/management/resources/request-resource'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import type { Log } from '../service/log.ts'
import type { HoldFinder } from '../waiting/hold-finder.ts'
import { countPlannable } from '../waiting/pending-tables.ts'
import { plannedAhead } from '../waiting/planned-ahead.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

export type AllocatorDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'optimizers' | 'resources' | 'groups' | 'allocations'>
  readonly findHolds: HoldFinder
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** How soon a group that was switched on or set otherwise is looked at. */
const GROUPS_MS = 5000
/** However short the group's own timeouts are. */
const LOOK_LEAST_MS = 1000
/** Failures that count for how long nothing is launched. */
const FAILURES_MAX = 10

/** What this leader knows of a group from its looks before. */
type Watched = {
  readonly settings: string
  readonly memory: AllocationMemory
  readonly lookAt: EpochMs
  readonly rule: AllocationDecision['verdict']['rule'] | undefined
}

/**
 * Has as many optimizers run in each group as its work asks for, within the bounds that the group sets
 * (`dynamic-allocation.*`). A new leader knows when an optimizer was released last, but not since when work has waited: a
 * backlog has to last anew before it launches the first.
 */
export function allocator(deps: AllocatorDeps): Reconciler<never> {
  const { stores, clock, log } = deps
  const watched = new Map<string, Watched>()
  const invalid = new Map<string, string>()

  const sayInvalid = (group: string, reason: string | undefined) => {
    if (reason === invalid.get(group)) return
    if (reason === undefined) return void invalid.delete(group)
    invalid.set(group, reason)
    log.warn({ group, reason }, 'dynamic allocation is off, because it is set so that it cannot work')
  }

  return reconciler<never>({
    name: 'allocator',
    intervalMs: GROUPS_MS,
    clock,
    log,
    async run(_work, signal) {
      const groups = await stores.groups.listGroups()
      forgetOthers([watched, invalid], groups)
      let assigned: readonly Task[] | undefined
      for (const group of groups) {
        if (signal.aborted) break
        const allocation = readAllocation(group)
        sayInvalid(group.name, allocation.kind === 'invalid' ? allocation.reason : undefined)
        if (allocation.kind !== 'on') {
          watched.delete(group.name)
          continue
        }
        const { settings } = allocation
        const known = watched.get(group.name)
        if (known !== undefined && !isDue(known, settings, clock.now())) continue
        assigned ??= await stores.tasks.listAssigned()
        watched.set(group.name, await lookAt(deps, { group, settings, assigned, known }))
      }
      return { nextAt: earliest([...watched.values()].map(({ lookAt }) => lookAt)) }
    },
  })
}

/** A clock that was put back must not put off the next look. */
function isDue(known: Watched, settings: AllocationSettings, now: EpochMs): boolean {
  const latest = now + Math.max(settings.sustainedTimeoutMs, LOOK_LEAST_MS)
  return known.settings !== JSON.stringify(settings) || known.lookAt <= now || known.lookAt > latest
}

function forgetOthers(maps: readonly Map<string, unknown>[], groups: readonly ResourceGroup[]): void {
  const names = new Set(groups.map(({ name }) => name))
  for (const map of maps) for (const name of map.keys()) if (!names.has(name)) map.delete(name)
}

type Look = {
  readonly group: ResourceGroup
  readonly settings: AllocationSettings
  /** Of all groups. */
  readonly assigned: readonly Task[]
  readonly known: Watched | undefined
}

async function lookAt(deps: AllocatorDeps, { group, settings, assigned, known }: Look): Promise<Watched> {
  const { stores, clock, log } = deps
  const now = clock.now()
  const before = await stores.allocations.findAllocation(group.name)
  const memory = known?.memory ?? { ...FRESH_MEMORY, releasedAt: before?.releasedAt }
  const facts = await loadFacts(deps, group, assigned)
  const failed = await stores.resources.listFailed(group.name, FAILURES_MAX)
  const backOff = launchBackOff({ failed, ...facts }, now)
  const decision = decideAllocation({ settings, facts, backOff, memory, now })
  const after = recordAllocation(group.name, decision, before, now)
  const changes: readonly StateChange[] = [
    ...ordersOf(deps, group, decision, facts.resources, now),
    ...(after === before ? [] : [{ kind: 'save-allocation', allocation: after } as const]),
  ]
  const outcome = await stores.state.apply(changes)
  const text = JSON.stringify(settings)
  // Somebody else released the same, or leads now: what was to be remembered did not happen.
  if (outcome.kind !== 'applied') {
    return { settings: text, memory, lookAt: later(now, LOOK_LEAST_MS), rule: known?.rule }
  }
  tell(log, after, decision, known?.rule, now)
  const { verdict, lookAgainAt } = decision
  const lookAt = Math.max(lookAgainAt, now + LOOK_LEAST_MS) as EpochMs
  return { settings: text, memory: decision.memory, lookAt, rule: verdict.rule }
}

async function loadFacts(
  { stores, findHolds, clock }: AllocatorDeps,
  group: ResourceGroup,
  assigned: readonly Task[],
): Promise<AllocationFacts> {
  const { name } = group
  // Only with a thread that waits is it found out whether files can be reached again.
  const isWithheld = () => false
  const optimizers = await stores.optimizers.listLiveOptimizers(name)
  const own = new Set(optimizers.map(({ optimizerId }) => optimizerId))
  return {
    optimizers,
    resources: await stores.resources.listResources(name),
    assigned: assigned.filter((task) => isWithOneOf(own, task)),
    dispatchable: (await plannedAhead({ stores, findHolds, isWithheld }, group)).ready,
    pendingTables: await countPlannable({ stores, findHolds }, group, clock.now()),
    lastEnds: await stores.optimizers.lastAttemptEnds(name),
  }
}

function ordersOf(
  { random }: AllocatorDeps,
  group: ResourceGroup,
  { launch, release }: AllocationDecision,
  resources: readonly Resource[],
  now: EpochMs,
): readonly StateChange[] {
  const launched = Array.from({ length: launch?.optimizers ?? 0 }, () => {
    const { threads = 0, reason = '' } = launch ?? {}
    return requestResource({ resourceId: uuidV7(random, now) as ResourceId, group, threads, reason }, now).changes
  })
  const idle = resources.find(({ resourceId }) => resourceId === release?.resourceId)
  const released = idle === undefined || release === undefined ? [] : releaseResource(idle, release.reason, now)
  return [...launched.flat(), ...released]
}

function tell(
  log: Log,
  { group, verdict }: GroupAllocation,
  { launch, release }: AllocationDecision,
  ruleBefore: Watched['rule'],
  now: EpochMs,
): void {
  const what = allocationText(verdict, now)
  if (launch !== undefined || release !== undefined) log.info({ group, what }, 'dynamic allocation')
  else if (verdict.rule !== ruleBefore && WORRYING.has(verdict.rule)) log.warn({ group, what }, 'dynamic allocation')
}

const WORRYING: ReadonlySet<string> = new Set(['backing-off', 'planning-bound'])
