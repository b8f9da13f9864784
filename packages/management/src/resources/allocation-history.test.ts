import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ResourceId, TaskId } from '@moraine/lifecycle/identity'
import { type EpochMs, later } from '@moraine/stdx/brand'
import fc from 'fast-check'
import { buildOptimizer, buildResource, buildTask, T0 } from '../testing/build.ts'
import { buildAllocationSettings } from '../testing/build-allocation.ts'
import type { AllocationFacts } from './allocation-figures.ts'
import { type AllocationMemory, FRESH_MEMORY } from './allocation-memory.ts'
import type { AllocationSettings } from './allocation-settings.ts'
import { type AllocationDecision, decideAllocation } from './decide-allocation.ts'

// A group in small: what is launched comes after a while, or never; tasks come and end.

type Launched = {
  readonly id: number
  readonly threads: number
  readonly requestedAt: EpochMs
  readonly comesAt: EpochMs | undefined
  releasing: boolean
  lastEnd: EpochMs | undefined
}

type World = {
  now: EpochMs
  memory: AllocationMemory
  launched: Launched[]
  tasks: number
  pending: number
  /** The last look without any work, the last launch for work, the last release. */
  quietAt: number
  launchedAt: number
  releasedAt: number
}

/** What happens until the next look. */
type Step = {
  readonly tasks: number
  readonly pending: number
  readonly done: number
  /** Of what is launched in this step; `undefined`: never. */
  readonly bootMs: number | undefined
  /** One dies, whatever it does. */
  readonly death: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  tasks: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
  pending: fc.integer({ min: 0, max: 3 }),
  done: fc.integer({ min: 0, max: 12 }),
  bootMs: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.constant(undefined)),
  death: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})

const settingsArbitrary = fc
  .record({
    minThreads: fc.integer({ min: 0, max: 6 }),
    maxThreads: fc.integer({ min: 8, max: 20 }),
    threadsPerOptimizer: fc.integer({ min: 1, max: 3 }),
  })
  .map((bounds) => buildAllocationSettings(bounds))

function isHere({ comesAt }: Launched, now: EpochMs): boolean {
  return comesAt !== undefined && comesAt <= now
}

function factsOf(world: World): AllocationFacts {
  const here = world.launched.filter((each) => isHere(each, world.now))
  const slots = here
    .filter(({ releasing }) => !releasing)
    .flatMap(({ id, threads }) =>
      Array.from({ length: threads }, (_, threadId) => ({
        optimizerId: `o${id}` as OptimizerId,
        threadId,
        attempt: 1,
      })),
    )
  const assigned = slots.slice(0, world.tasks).map((assignment, index) =>
    buildTask({
      taskId: (index + 1) as TaskId,
      state: { status: 'scheduled', attempts: 1, failures: 0, assignment, scheduledAt: T0 },
    }),
  )
  return {
    optimizers: here.map(({ id, threads, comesAt = T0 }) =>
      buildOptimizer({ optimizerId: `o${id}` as OptimizerId, resourceId: `r${id}`, threads, registeredAt: comesAt }),
    ),
    resources: world.launched.map(({ id, threads, requestedAt, releasing }) =>
      buildResource({
        ...{ resourceId: `r${id}` as ResourceId, threads, requestedAt },
        state: releasing
          ? {
              status: 'releasing',
              launchedAt: T0,
              releasingAt: T0,
              reason: '',
              isFailure: false,
              attempts: 0,
              retryAt: T0,
            }
          : { status: 'launched', launchedAt: requestedAt },
      }),
    ),
    assigned,
    dispatchable: [{ quota: 0.5, plannedTasks: world.tasks - assigned.length, runningTasks: assigned.length }],
    pendingTables: world.pending,
    lastEnds: new Map(
      here.flatMap(({ id, lastEnd }) => (lastEnd === undefined ? [] : [[`o${id}` as OptimizerId, lastEnd] as const])),
    ),
  }
}

/** Looks, does what is ordered, and checks what must hold of every order. */
function look(world: World, settings: AllocationSettings, bootMs: number | undefined): AllocationDecision {
  const { now } = world
  if (world.tasks === 0 && world.pending === 0) world.quietAt = now
  const facts = factsOf(world)
  const decision = decideAllocation({ settings, facts, backOff: undefined, memory: world.memory, now })
  world.memory = decision.memory
  const { launch, release, lookAgainAt } = decision
  assert.ok(launch === undefined || release === undefined, 'not both')
  assert.ok(lookAgainAt > now && lookAgainAt <= later(now, settings.sustainedTimeoutMs))
  if (launch !== undefined) {
    const comesAt = bootMs === undefined ? undefined : later(now, bootMs)
    for (let count = launch.optimizers; count > 0; count -= 1) {
      const { threads } = launch
      world.launched.push({
        id: nextId(world),
        threads,
        requestedAt: now,
        comesAt,
        releasing: false,
        lastEnd: undefined,
      })
    }
    const staying = world.launched.filter(({ releasing }) => !releasing)
    assert.ok(launch.optimizers > 0)
    assert.ok(threadsOf(staying) <= settings.maxThreads, 'never above the maximum, whoever comes late')
    if (!launch.reason.includes('at least')) {
      assert.ok(now - world.launchedAt >= settings.sustainedTimeoutMs, 'launches for work are spaced')
      assert.ok(now - world.quietAt >= settings.backlogTimeoutMs, 'only for work that lasts')
      world.launchedAt = now
    }
  }
  const released = world.launched.find(({ id }) => `r${id}` === release?.resourceId)
  if (released !== undefined) {
    released.releasing = true
    const here = world.launched.filter((one) => !one.releasing && isHere(one, now))
    assert.ok(threadsOf(here) >= settings.minThreads, 'never below the minimum by its own doing')
    assert.ok(now - world.releasedAt >= settings.cooldownMs, 'no faster than the cool-down')
    assert.ok(now - Math.max(released.comesAt ?? 0, released.lastEnd ?? 0) >= settings.idleTimeoutMs, 'only idle ones')
    world.releasedAt = now
  }
  return decision
}

function nextId({ launched }: World): number {
  return Math.max(0, ...launched.map(({ id }) => id)) + 1
}

function pass(world: World, { tasks, pending, done, death }: Step, until: EpochMs): void {
  for (const { assignment } of factsOf(world).assigned.flatMap(({ state }) =>
    state.status === 'scheduled' ? [state] : [],
  )) {
    const worker = world.launched.find(({ id }) => `o${id}` === assignment.optimizerId)
    if (worker !== undefined) worker.lastEnd = until
  }
  world.tasks = Math.max(0, world.tasks - done) + tasks
  world.pending = pending
  // Its container notices after ten minutes who never comes.
  world.launched = world.launched.filter(
    ({ releasing, comesAt, requestedAt }) => !releasing && (comesAt !== undefined || requestedAt > until - 600_000),
  )
  if (death) world.launched.shift()
  world.now = until
}

function newWorld(): World {
  const never = { quietAt: 0, launchedAt: 0, releasedAt: 0 }
  return { now: T0, memory: FRESH_MEMORY, launched: [], tasks: 0, pending: 0, ...never }
}

const threadsOf = (some: readonly Launched[]) => some.reduce((sum, { threads }) => sum + threads, 0)

test('through any history the bounds hold, and nothing flaps', () => {
  fc.assert(
    fc.property(settingsArbitrary, fc.array(step, { maxLength: 60 }), (settings, steps) => {
      const world = newWorld()
      for (const each of steps) pass(world, each, look(world, settings, each.bootMs).lookAgainAt)
    }),
  )
})

test('work that stays gets as many threads as it may have, within a bound', () => {
  const boot = fc.integer({ min: 0, max: 90_000 })
  fc.assert(
    fc.property(
      settingsArbitrary,
      fc.array(step, { maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      boot,
      (settings, steps, tasks, bootMs) => {
        const world = newWorld()
        for (const each of steps) pass(world, each, look(world, settings, each.bootMs).lookAgainAt)
        const from = world.now
        const wanted = Math.min(
          tasks,
          Math.floor(settings.maxThreads / settings.threadsPerOptimizer) * settings.threadsPerOptimizer,
        )
        // Who never comes is given up after ten minutes; then the ramp, one step each sustained timeout.
        const bound = from + 600_000 + settings.backlogTimeoutMs + 8 * settings.sustainedTimeoutMs + 90_000
        while (world.now < bound) {
          world.tasks = tasks
          pass(
            world,
            { tasks: 0, pending: 0, done: 0, bootMs, death: false },
            look(world, settings, bootMs).lookAgainAt,
          )
        }
        const here = world.launched.filter((one) => !one.releasing && isHere(one, world.now))
        assert.ok(
          threadsOf(here) >= wanted - settings.threadsPerOptimizer + 1,
          `${threadsOf(here)} threads for ${tasks} tasks`,
        )
      },
    ),
  )
})

test('without work a group comes down to its minimum, one at a time', () => {
  fc.assert(
    fc.property(settingsArbitrary, fc.array(step, { maxLength: 30 }), (settings, steps) => {
      const world = newWorld()
      for (const each of steps) pass(world, each, look(world, settings, each.bootMs ?? 0).lookAgainAt)
      const bound = later(
        world.now,
        400_000 + settings.idleTimeoutMs + 21 * (settings.cooldownMs + settings.sustainedTimeoutMs),
      )
      while (world.now < bound) {
        world.tasks = 0
        pass(world, { tasks: 0, pending: 0, done: 0, bootMs: 0, death: false }, look(world, settings, 0).lookAgainAt)
      }
      const here = threadsOf(world.launched.filter((one) => isHere(one, world.now)))
      assert.ok(
        here >= settings.minThreads && here < settings.minThreads + settings.threadsPerOptimizer,
        `${here} threads`,
      )
    }),
  )
})
