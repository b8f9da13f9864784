import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import { unreachable } from '@moraine/stdx/assert'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import { parseDurationText } from '@moraine/stdx/duration-text'
import { humanDuration } from '@moraine/stdx/human-text'
import type { Optimizer } from '../records/optimizer.ts'
import type { Resource } from '../records/resource.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import { runningAssignment, type Task } from '../records/task.ts'
import type { StateChange } from '../store/state-change.ts'
import type { Launched } from './container.ts'
import { drainOptimizer, endOptimizer } from './deadlines.ts'
import { beginRelease, endResource, nextOrderAt } from './move-resource.ts'

export type KeepSettings = {
  /** An optimizer that was launched registers within this. */
  readonly registrationTimeoutMs: number
  /** `optimizer.drain-timeout`, unless the group has its own. */
  readonly drainTimeoutMs: number
}

/** What a container runs, and when it was asked. */
export type Listing = { readonly at: EpochMs; readonly launched: readonly Launched[] }

export type KeepInput = {
  /** Those not ended. */
  readonly resources: readonly Resource[]
  /** Those not gone. */
  readonly optimizers: readonly Optimizer[]
  /** Tasks that optimizers have. */
  readonly assigned: readonly Task[]
  readonly groups: readonly ResourceGroup[]
  /** Those that this service knows, each with what it runs if that was just heard. */
  readonly containers: ReadonlyMap<string, Listing | undefined>
  /** When the last optimizer of a resource went, for those that have none now. */
  readonly lastGone: ReadonlyMap<ResourceId, EpochMs>
  /** Of the optimizers' resources those that have ended. */
  readonly ended: ReadonlySet<ResourceId>
  readonly settings: KeepSettings
  /** Nobody could register before. Not after `now`. */
  readonly serviceStartedAt: EpochMs
  readonly now: EpochMs
}

/** To be given to a container. What comes of it is for `orderTaken` and `orderRefused`. */
export type ResourceOrder =
  | { readonly kind: 'launch' | 'release'; readonly resource: Resource }
  /** The container runs what nobody asks for any more: its end, or its answer, was lost. */
  | { readonly kind: 'release-stray'; readonly container: string; readonly resourceId: ResourceId }

export type KeepDecision = {
  readonly orders: readonly ResourceOrder[]
  /** Each list for itself, in one transaction. */
  readonly moves: readonly ResourceMove[]
  /** The next deadline of those that have not passed. */
  readonly nextAt: EpochMs | undefined
}

export type ResourceMove = {
  readonly resourceId: ResourceId
  readonly reason: string
  readonly isFailure: boolean
  readonly changes: readonly StateChange[]
}

/** While the tasks of an optimizer that drains are waited for. */
const DRAIN_LOOK_MS = 1000

/** What becomes of each resource now. */
export function keepResources(input: KeepInput): KeepDecision {
  const look = lookFrom(input)
  const steps = [
    ...input.resources.map((resource) => step(resource, look)),
    ...input.optimizers.map((optimizer) => drainLeftover(optimizer, look)),
    ...strays(look),
  ]
  return {
    orders: steps.flatMap(({ order }) => (order === undefined ? [] : [order])),
    moves: steps.flatMap(({ move }) => (move === undefined ? [] : [move])),
    nextAt: earliest(steps.flatMap(({ nextAt }) => (nextAt === undefined ? [] : [nextAt]))),
  }
}

type Step = { readonly order?: ResourceOrder; readonly move?: ResourceMove; readonly nextAt?: EpochMs }

type Look = KeepInput & {
  readonly groupOf: ReadonlyMap<string, ResourceGroup>
  readonly optimizersOf: ReadonlyMap<string, readonly Optimizer[]>
  readonly busy: ReadonlySet<OptimizerId>
  readonly known: ReadonlySet<string>
}

function lookFrom(input: KeepInput): Look {
  return {
    ...input,
    groupOf: new Map(input.groups.map((group) => [group.name, group])),
    optimizersOf: Map.groupBy(input.optimizers, ({ resourceId }) => resourceId),
    busy: new Set(input.assigned.flatMap((task) => runningAssignment(task)?.optimizerId ?? [])),
    known: new Set(input.resources.map(({ resourceId }) => resourceId)),
  }
}

function step(resource: Resource, look: Look): Step {
  const { state } = resource
  switch (state.status) {
    case 'requested':
      return stepRequested(resource, state, look)
    case 'launched':
      return stepLaunched(resource, state, look)
    case 'releasing':
      return stepReleasing(resource, state, look)
    case 'ended':
      return NOTHING
    default:
      return unreachable(state)
  }
}

type StateOf<Status extends Resource['state']['status']> = Extract<Resource['state'], { status: Status }>

function stepRequested(resource: Resource, state: StateOf<'requested'>, look: Look): Step {
  const unwanted = unwantedBecause(resource, look)
  if (unwanted !== undefined) return ended(resource, { reason: unwanted, isFailure: false }, look)
  if (!look.containers.has(resource.container)) {
    return ended(resource, { reason: notConfigured(resource), isFailure: true }, look)
  }
  const orderAt = nextOrderAt(state, look.now)
  return orderAt <= look.now ? { order: { kind: 'launch', resource } } : { nextAt: orderAt }
}

function stepLaunched(resource: Resource, { launchedAt }: StateOf<'launched'>, look: Look): Step {
  const optimizers = look.optimizersOf.get(resource.resourceId) ?? []
  const loss = lossOf(resource, launchedAt, look)
  if (loss !== undefined) return ended(resource, loss, look, optimizers)
  const unwanted = unwantedBecause(resource, look)
  if (unwanted !== undefined) return released(resource, { reason: unwanted, isFailure: false }, look)
  if (optimizers.length > 0) return NOTHING
  if (!look.containers.has(resource.container)) {
    return ended(resource, { reason: notConfigured(resource), isFailure: true }, look)
  }
  const { registrationTimeoutMs } = look.settings
  const lastGoneAt = look.lastGone.get(resource.resourceId) ?? launchedAt
  const silentSince = Math.max(heardAt(launchedAt, look), heardAt(lastGoneAt, look), look.serviceStartedAt)
  const deadline = later(silentSince as EpochMs, registrationTimeoutMs)
  if (look.now < deadline) return { nextAt: deadline }
  const detail = listed(resource, look)?.detail
  const reason = `its optimizer did not register within ${humanDuration(registrationTimeoutMs)}${detail === undefined ? '' : `: ${detail}`}`
  return released(resource, { reason, isFailure: true }, look)
}

function stepReleasing(resource: Resource, state: StateOf<'releasing'>, look: Look): Step {
  const optimizers = look.optimizersOf.get(resource.resourceId) ?? []
  if (lossOf(resource, state.launchedAt, look) !== undefined) return ended(resource, state, look, optimizers)
  const draining = optimizers.flatMap((optimizer) => drainOptimizer(optimizer, look.now))
  if (draining.length > 0) return { move: moveOf(resource, state, draining), nextAt: look.now }
  const deadline = later(heardAt(state.releasingAt, look), drainTimeoutMs(resource, look))
  const isBusy = optimizers.some(({ optimizerId }) => look.busy.has(optimizerId))
  if (isBusy && look.now < deadline) return { nextAt: earlier(deadline, later(look.now, DRAIN_LOOK_MS)) }
  if (!look.containers.has(resource.container)) {
    // Nobody can be asked to let it go: it is waited for, and then left to people.
    if (optimizers.length > 0 && look.now < deadline) return { nextAt: deadline }
    return ended(resource, { ...state, reason: `${state.reason}; ${notConfigured(resource)}` }, look)
  }
  const orderAt = nextOrderAt(state, look.now)
  return orderAt <= look.now ? { order: { kind: 'release', resource } } : { nextAt: orderAt }
}

/** What was noted in the future was noted by a clock that was ahead: it is not known when, but before this service started. */
function heardAt(at: EpochMs, { now, serviceStartedAt }: Look): EpochMs {
  return at > now ? serviceStartedAt : at
}

/** Why nobody wants it any more, though nobody has said so. */
function unwantedBecause({ group, container }: Resource, { groupOf }: Look): string | undefined {
  const wanting = groupOf.get(group)
  if (wanting === undefined) return `its resource group ${group} does not exist any more`
  return wanting.container === container
    ? undefined
    : `its resource group ${group} has container ${wanting.container} now, not ${container}`
}

/** How it was lost, by what its container said after it was launched. */
function lossOf(resource: Resource, noted: EpochMs, look: Look): Why | undefined {
  const listing = look.containers.get(resource.container)
  if (listing === undefined) return undefined
  const found = listed(resource, look)
  const launchedAt = heardAt(noted, look)
  if (found?.condition === 'gone') return { reason: found.detail ?? GONE, isFailure: true }
  if (found !== undefined || listing.at <= launchedAt) return undefined
  // Many a container ends what it runs when the service ends.
  const isOld = launchedAt < look.serviceStartedAt
  return { reason: isOld ? `${GONE}: it went with an earlier run of the service, or since` : GONE, isFailure: !isOld }
}

const GONE = 'its container has it no more'

function listed({ resourceId, container }: Resource, { containers }: Look): Launched | undefined {
  return containers.get(container)?.launched.find((each) => each.resourceId === resourceId)
}

function notConfigured({ container, resourceId }: Resource): string {
  return `container ${container} is not configured any more: if ${resourceId} still runs there, stop it there`
}

function drainTimeoutMs({ group }: Resource, { groupOf, settings }: Look): number {
  const own = groupOf.get(group)?.properties['dynamic-allocation.drain-timeout']
  return (own === undefined ? undefined : parseDurationText(own)) ?? settings.drainTimeoutMs
}

/** An optimizer whose resource has ended takes no more tasks: whoever let it go believes that it is gone. */
function drainLeftover(optimizer: Optimizer, { ended: over, now }: Look): Step {
  const resourceId = optimizer.resourceId as ResourceId
  const changes = over.has(resourceId) ? drainOptimizer(optimizer, now) : []
  if (changes.length === 0) return NOTHING
  return { move: { resourceId, reason: 'its optimizer is still there', isFailure: true, changes } }
}

function strays({ containers, known }: Look): readonly Step[] {
  return [...containers].flatMap(([container, listing]) =>
    (listing?.launched ?? [])
      .filter(({ resourceId }) => !known.has(resourceId))
      .map(({ resourceId }) => ({ order: { kind: 'release-stray', container, resourceId } as const })),
  )
}

type Why = { readonly reason: string; readonly isFailure: boolean }

/** Whatever is still registered goes with it: its tasks are taken back at once. */
function ended(resource: Resource, why: Why, { now }: Look, gone: readonly Optimizer[] = []): Step {
  const { reason, isFailure } = why
  const changes = [
    ...endResource(resource, { reason, isFailure }, now),
    ...gone.flatMap((optimizer) => endOptimizer(optimizer, reason, now)),
  ]
  return { move: moveOf(resource, why, changes) }
}

function released(resource: Resource, why: Why, { now }: Look): Step {
  return { move: moveOf(resource, why, beginRelease(resource, why, now)), nextAt: now }
}

function moveOf({ resourceId }: Resource, { reason, isFailure }: Why, changes: readonly StateChange[]): ResourceMove {
  return { resourceId, reason, isFailure, changes }
}

function earlier(a: EpochMs, b: EpochMs): EpochMs {
  return a < b ? a : b
}

const NOTHING: Step = {}
