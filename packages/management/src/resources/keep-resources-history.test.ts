import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import { type EpochMs, later } from '@moraine/stdx/brand'
import fc from 'fast-check'
import type { Optimizer } from '../records/optimizer.ts'
import type { Resource } from '../records/resource.ts'
import { assertLegal } from '../store/assert-legal.ts'
import { optimizerGuard, resourceGuard, type StateChange } from '../store/state-change.ts'
import { buildOptimizer, buildResource, T0 } from '../testing/build.ts'
import type { Launched } from './container.ts'
import { endOptimizer } from './deadlines.ts'
import { keepResources, type ResourceOrder } from './keep-resources.ts'
import { orderRefused, orderTaken, releaseResource } from './move-resource.ts'

/**
 * A service, a container and its optimizers: whatever happens, once it stops happening every resource ends or is
 * registered, the container runs just those, and none was launched twice.
 */
class World {
  now = T0
  readonly resources = new Map<ResourceId, Resource>()
  readonly optimizers = new Map<OptimizerId, Optimizer>()
  readonly running = new Map<ResourceId, Launched['condition']>()
  readonly launches = new Map<ResourceId, number>()
  hasGroup = true
  births = 0

  apply(changes: readonly StateChange[]): boolean {
    for (const change of changes) {
      assertLegal(change)
      if (change.kind === 'move-resource') {
        const known = this.resources.get(change.resourceId)
        if (known === undefined || !same(resourceGuard(known), change.from)) return false
        this.resources.set(change.resourceId, { ...known, state: change.state })
      }
      if (change.kind === 'move-optimizer') {
        const known = this.optimizers.get(change.optimizerId)
        if (known === undefined || !same(optimizerGuard(known), change.from)) return false
        this.optimizers.set(change.optimizerId, { ...known, state: change.state })
      }
    }
    return true
  }

  request() {
    this.births += 1
    const resourceId = `r${this.births}` as ResourceId
    const state = { status: 'requested', attempts: 0, retryAt: this.now } as const
    this.resources.set(resourceId, buildResource({ resourceId, requestedAt: this.now, state }))
  }

  /** What is running and not registered does it, as an optimizer would. */
  register(resourceId: ResourceId) {
    const live = [...this.optimizers.values()].some(
      (each) => each.resourceId === resourceId && each.state.status !== 'gone',
    )
    if (live || this.running.get(resourceId) !== 'running') return
    this.births += 1
    const optimizerId = `o${this.births}` as OptimizerId
    this.optimizers.set(
      optimizerId,
      buildOptimizer({ optimizerId, resourceId, state: { status: 'active', touchedAt: this.now } }),
    )
  }

  keep(listingAt: EpochMs | undefined, fault: Fault) {
    const launched = [...this.running].map(([resourceId, condition]) => ({ resourceId, condition, detail: undefined }))
    const all = [...this.resources.values()]
    const { orders, moves, nextAt } = keepResources({
      resources: all.filter(({ state }) => state.status !== 'ended'),
      optimizers: [...this.optimizers.values()].filter(({ state }) => state.status !== 'gone'),
      assigned: [],
      groups: this.hasGroup ? [{ name: 'default', container: 'local', properties: {} }] : [],
      containers: new Map([['local', listingAt === undefined ? undefined : { at: listingAt, launched }]]),
      lastGone: new Map(),
      ended: new Set(all.filter(({ state }) => state.status === 'ended').map(({ resourceId }) => resourceId)),
      settings: { registrationTimeoutMs: 180_000, drainTimeoutMs: 900_000 },
      serviceStartedAt: T0,
      now: this.now,
    })
    for (const { changes } of moves) this.apply(changes)
    for (const order of orders) this.carryOut(order, fault)
    return nextAt
  }

  carryOut(order: ResourceOrder, fault: Fault) {
    const resourceId = order.kind === 'release-stray' ? order.resourceId : order.resource.resourceId
    if (fault !== 'refused' && fault !== 'hopeless') {
      if (order.kind === 'launch') {
        if (!this.running.has(resourceId)) this.launches.set(resourceId, (this.launches.get(resourceId) ?? 0) + 1)
        if (!this.running.has(resourceId)) this.running.set(resourceId, 'running')
      } else this.stop(resourceId)
    }
    // Its service died before it could write down what came of it.
    if (fault === 'crash' || order.kind === 'release-stray') return
    const isHopeless = fault === 'hopeless'
    this.apply(
      fault === 'none'
        ? orderTaken(order.resource, this.now)
        : orderRefused(order.resource, { failure: fault, isHopeless }, this.now),
    )
  }

  /** Of an order whose answer was lost nobody knows that it was taken: it is given again, rightly. */
  forget(resourceId: ResourceId) {
    this.stop(resourceId)
    if (this.resources.get(resourceId)?.state.status === 'requested') this.launches.delete(resourceId)
  }

  stop(resourceId: ResourceId) {
    this.running.delete(resourceId)
    this.expire(resourceId)
  }

  expire(resourceId: ResourceId) {
    for (const optimizer of this.optimizers.values()) {
      if (optimizer.resourceId === resourceId) this.apply(endOptimizer(optimizer, 'silent', this.now))
    }
  }
}

type Fault = 'none' | 'refused' | 'hopeless' | 'lost-answer' | 'crash'

function same(actual: object, wanted: object): boolean {
  return JSON.stringify(actual) === JSON.stringify(wanted)
}

const which = fc.nat({ max: 5 })
const event = fc.oneof(
  fc.record({ kind: fc.constant('request' as const) }),
  fc.record({ kind: fc.constantFrom('register', 'die', 'expire', 'release', 'forget'), which }),
  fc.record({
    kind: fc.constant('keep' as const),
    isListed: fc.boolean(),
    fault: fc.constantFrom<Fault>('none', 'none', 'refused', 'hopeless', 'lost-answer', 'crash'),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 900, 5000, 60_000, 200_000) }),
  fc.record({ kind: fc.constant('drop-group' as const) }),
)

test('whatever happens, every resource ends or is registered', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), (events, isGroupBack) => {
      const world = new World()
      for (const each of events) happen(world, each)
      if (isGroupBack) world.hasGroup = true
      settle(world)
    }),
    { numRuns: 400 },
  )
})

function happen(world: World, each: typeof event extends fc.Arbitrary<infer E> ? E : never) {
  switch (each.kind) {
    case 'request':
      return world.request()
    case 'drop-group':
      world.hasGroup = false
      return
    case 'wait':
      world.now = later(world.now, each.ms)
      return
    case 'keep':
      world.keep(each.isListed ? world.now : undefined, each.fault)
      return
    case 'register':
    case 'expire':
    case 'release':
    case 'die':
    case 'forget': {
      const resource = [...world.resources.values()][each.which]
      if (resource === undefined) return
      const { resourceId } = resource
      if (each.kind === 'register') world.register(resourceId)
      if (each.kind === 'expire') world.expire(resourceId)
      if (each.kind === 'release') world.apply(releaseResource(resource, 'asked for', world.now))
      // A process that dies is told of; one that is forgotten is not, its optimizer falls silent.
      if (each.kind === 'die' && world.running.has(resourceId)) world.running.set(resourceId, 'gone')
      if (each.kind === 'forget') world.forget(resourceId)
    }
  }
}

/** Nothing goes wrong any more: time passes, and optimizers that run register. */
function settle(world: World) {
  for (let rounds = 0; rounds < 200; rounds += 1) {
    world.now = later(world.now, 15_000)
    for (const resourceId of world.running.keys()) {
      if (world.resources.get(resourceId)?.state.status === 'launched') world.register(resourceId)
    }
    world.keep(world.now, 'none')
  }
  const live = new Set(
    [...world.optimizers.values()].filter(({ state }) => state.status === 'active').map((each) => each.resourceId),
  )
  const kept = [...world.resources.values()].filter(({ state }) => state.status !== 'ended')
  for (const { resourceId, state } of kept) {
    assert.equal(state.status, 'launched', resourceId)
    assert.ok(live.has(resourceId), `${resourceId} is not registered`)
    assert.equal(world.launches.get(resourceId), 1, `${resourceId} was launched more than once`)
  }
  assert.deepEqual([...world.running.keys()].sort(), kept.map(({ resourceId }) => resourceId).sort())
  assert.equal(world.keep(undefined, 'none'), undefined, 'nothing is waited for')
}
