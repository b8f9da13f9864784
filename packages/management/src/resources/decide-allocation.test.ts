import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId } from '@moraine/lifecycle/identity'
import { at, buildOptimizer } from '../testing/build.ts'
import { buildAllocationFacts, buildAllocationSettings, type GroupAtWork } from '../testing/build-allocation.ts'
import type { LaunchBackOff } from './allocation-back-off.ts'
import { countAllocation } from './allocation-figures.ts'
import { type AllocationMemory, FRESH_MEMORY } from './allocation-memory.ts'
import type { AllocationSettings } from './allocation-settings.ts'
import { allocationText } from './allocation-verdict.ts'
import { decideAllocation } from './decide-allocation.ts'

const BACKLOG = 60_000
const SUSTAINED = 30_000
const IDLE = 300_000
const COOLDOWN = 60_000

/** A group that is looked at again and again. */
function watch(parts: Partial<AllocationSettings> = {}) {
  const settings = buildAllocationSettings(parts)
  let memory: AllocationMemory = FRESH_MEMORY
  const decide = (ms: number, group: GroupAtWork, backOff?: LaunchBackOff) => {
    const now = at(ms)
    const decision = decideAllocation({ settings, facts: buildAllocationFacts(group), backOff, memory, now })
    memory = decision.memory
    return { ...decision, text: allocationText(decision.verdict, now) }
  }
  return {
    decide,
    /** Optimizers that are launched. */
    up: (ms: number, group: GroupAtWork) => decide(ms, group).launch?.optimizers ?? 0,
    /** The one that is released. */
    down: (ms: number, group: GroupAtWork) => decide(ms, group).release?.resourceId as string | undefined,
  }
}

test('what is missing to the minimum is launched at once, and never above the maximum', () => {
  assert.equal(watch({ minThreads: 5 }).up(0, {}), 3)
  assert.equal(watch({ minThreads: 5 }).up(0, { registered: [2], coming: [2] }), 1)
  assert.equal(watch({ minThreads: 5, maxThreads: 6, threadsPerOptimizer: 4 }).up(0, {}), 1)
  const { launch, text } = watch({ minThreads: 4 }).decide(0, { registered: [2], draining: [2] })
  assert.equal(launch?.threads, 2)
  assert.equal(text, 'launches 1 optimizer of 2 threads: 2 of at least 4 threads')
})

test('nothing is launched without work, or where idle threads will do it', () => {
  assert.equal(watch().up(BACKLOG, { registered: [4], busy: 2 }), 0)
  const group = watch()
  for (const ms of [0, BACKLOG]) assert.equal(group.up(ms, { registered: [8], busy: 2, planned: 6 }), 0)
})

test('work must have waited for the backlog timeout', () => {
  const group = watch()
  const busy = { registered: [2], busy: 2, planned: 5 }
  assert.equal(group.up(0, busy), 0)
  const early = group.decide(12_000, busy)
  assert.equal(early.text, '2 tasks running and 5 waiting for 2 threads: backlog for 12.0 s of 1 min')
  assert.equal(early.lookAgainAt, at(12_000 + SUSTAINED))
  assert.equal(group.up(BACKLOG - 1, busy), 0)
  assert.equal(group.decide(BACKLOG - 1, busy).lookAgainAt, at(BACKLOG))
  assert.equal(group.up(BACKLOG, busy), 1)
})

test('more is launched each time as long as that is not enough: 1, 2, 4, 8', () => {
  const group = watch({ maxThreads: 1000 })
  const ups = [0, 1, 2, 3].map((step) => {
    const threads = 2 ** (step + 1)
    if (step === 0) group.up(0, { registered: [threads], busy: threads, planned: 100 })
    return group.up(BACKLOG + step * SUSTAINED, { registered: [threads], busy: threads, planned: 100 })
  })
  assert.deepEqual(ups, [1, 2, 4, 8])
})

test('further launches are spaced by the sustained timeout', () => {
  const group = watch()
  group.up(0, { registered: [2], busy: 2, planned: 100 })
  assert.equal(group.up(BACKLOG, { registered: [2], busy: 2, planned: 100 }), 1)
  const soon = group.decide(BACKLOG + 10_000, { registered: [4], busy: 4, planned: 100 })
  assert.equal(soon.launch, undefined)
  assert.match(soon.text, /the next optimizers are launched in 20\.0 s if that stays so/)
  assert.equal(group.up(BACKLOG + SUSTAINED, { registered: [4], busy: 4, planned: 100 }), 2)
})

test('once the need and not the ramp bounds a launch, the ramp begins again', () => {
  const group = watch({ threadsPerOptimizer: 1 })
  const need = (planned: number, threads: number) => ({ registered: [threads], busy: threads, planned })
  group.up(0, need(10, 2))
  assert.deepEqual(
    [need(10, 2), need(1, 3), need(10, 4), need(10, 5)].map((each, step) => group.up(BACKLOG + step * SUSTAINED, each)),
    [1, 1, 1, 2],
  )
})

test('the maximum is kept, and said', () => {
  const group = watch({ maxThreads: 10 })
  group.up(0, { registered: [8], busy: 8, planned: 100 })
  assert.equal(group.up(BACKLOG, { registered: [8], busy: 8, planned: 100 }), 1)
  const full = group.decide(BACKLOG + SUSTAINED, { registered: [8, 2], busy: 10, planned: 100 })
  assert.equal(full.launch, undefined)
  assert.equal(
    full.text,
    '10 tasks running and 100 waiting for 10 threads, but the group is at its maximum of 10 threads (dynamic-allocation.max-parallelism)',
  )
})

test('a round without need begins the backlog anew', () => {
  const group = watch()
  const busy = { registered: [2], busy: 2, planned: 5 }
  group.up(0, busy)
  group.up(30_000, { registered: [2], busy: 2 })
  group.up(45_000, busy)
  assert.equal(group.up(45_000 + BACKLOG - 1, busy), 0)
  assert.equal(group.up(45_000 + BACKLOG, busy), 1)
})

test('for tables that wait to be planned one optimizer is launched at a time, while every thread is busy', () => {
  const group = watch({ threadsPerOptimizer: 4 })
  group.up(0, { pending: 100 })
  assert.equal(
    group.decide(30_000, { pending: 100 }).text,
    '100 tables to be planned for 0 threads: backlog for 30.0 s of 1 min',
  )
  assert.deepEqual(
    [0, 4, 8].map((threads, step) =>
      group.up(BACKLOG + step * SUSTAINED, {
        ...(threads > 0 && { registered: [threads] }),
        busy: threads,
        pending: 100,
      }),
    ),
    [1, 1, 1],
  )
  const idle = watch()
  for (const ms of [0, BACKLOG]) assert.equal(idle.up(ms, { registered: [4], busy: 3, pending: 5 }), 0)
})

test('what is coming counts as if it were there, and for three minutes only; room is kept for it until it has ended', () => {
  const waiting = { busy: 0, planned: 2, coming: [2] }
  assert.equal(watch().up(0, waiting), 0)
  const group = watch({ maxThreads: 4 })
  assert.deepEqual(
    [0, BACKLOG, 180_000 - 1, 180_000, 180_000 + BACKLOG].map((ms) => group.up(ms, waiting)),
    [0, 0, 0, 0, 1],
  )
  const full = watch({ maxThreads: 2 })
  full.up(180_000, waiting)
  const decision = full.decide(180_000 + BACKLOG, waiting)
  assert.equal(decision.launch, undefined)
  assert.match(decision.text, /maximum of 2 threads .*; 2 of them have not come up yet/)
})

test('optimizers that are to go, and their tasks, count neither as threads nor as work', () => {
  const facts = buildAllocationFacts({ registered: [2], draining: [3], busy: 5 })
  const { registeredThreads, drainingThreads, busyThreads, leavingOptimizers } = countAllocation(facts, at(0))
  assert.deepEqual([registeredThreads, drainingThreads, busyThreads, leavingOptimizers], [2, 3, 2, 1])
  const releasing = {
    status: 'releasing',
    launchedAt: at(0),
    releasingAt: at(0),
    reason: '',
    isFailure: false,
    attempts: 0,
    retryAt: at(0),
  } as const
  const [first, ...rest] = facts.resources
  assert.ok(first !== undefined)
  const ordered = { ...facts, resources: [{ ...first, state: releasing }, ...rest] }
  assert.equal(countAllocation(ordered, at(0)).registeredThreads, 0)
})

test('a process that registered twice counts once', () => {
  const facts = buildAllocationFacts({ registered: [2] })
  const again = buildOptimizer({ optimizerId: 'later' as OptimizerId, resourceId: 'r0', registeredAt: at(5) })
  const byHand = ['h1', 'h2'].map((id) =>
    buildOptimizer({ optimizerId: id as OptimizerId, resourceId: '', threads: 1 }),
  )
  const figures = countAllocation({ ...facts, optimizers: [...facts.optimizers, again, ...byHand] }, at(6))
  assert.equal(figures.registeredThreads, 4)
})

test('of tables with a fixed quota only as many tasks count as it has room for', () => {
  const serviceable = (quota: number, plannedTasks: number, runningTasks: number) =>
    countAllocation({ ...buildAllocationFacts({}), dispatchable: [{ quota, plannedTasks, runningTasks }] }, at(0))
      .serviceableTasks
  assert.deepEqual(
    [serviceable(0.5, 7, 3), serviceable(1, 7, 3), serviceable(4.9, 7, 3), serviceable(2, 7, 3)],
    [7, 7, 1, 0],
  )
})

test('whoever has been idle for long enough is released, counted from its last task', () => {
  assert.equal(watch().down(IDLE - 1, { registered: [1] }), undefined)
  assert.equal(watch().down(IDLE, { registered: [1] }), 'r0')
  const worked = { registered: [1], lastEnds: [at(100_000)] }
  const early = watch().decide(IDLE, worked)
  assert.equal(early.release, undefined)
  assert.match(early.text, /no optimizer idle long enough: the longest for 3 min 20 s of 5 min/)
  assert.equal(watch().down(100_000 + IDLE, worked), 'r0')
  const released = watch().decide(IDLE, { registered: [1] })
  assert.equal(released.release?.reason, 'dynamic allocation: idle for 5 min')
})

test('whoever works, was started by hand or is to go already is not released', () => {
  assert.equal(watch().down(IDLE, { registered: [2], busy: 1 }), undefined)
  assert.equal(watch().down(IDLE, { draining: [2] }), undefined)
  const byHand = { ...buildAllocationFacts({}), optimizers: [buildOptimizer({ resourceId: '' })] }
  const settings = buildAllocationSettings()
  const decision = decideAllocation({
    settings,
    facts: byHand,
    backOff: undefined,
    memory: FRESH_MEMORY,
    now: at(IDLE),
  })
  assert.equal(decision.release, undefined)
})

test('the longest idle goes first, if the minimum is kept without it', () => {
  const ends = [at(50_000), at(10_000)]
  assert.equal(watch().down(IDLE + 50_000, { registered: [1, 1], lastEnds: ends }), 'r1')
  assert.equal(watch({ minThreads: 2 }).down(IDLE, { registered: [2] }), undefined)
  assert.equal(watch({ minThreads: 2 }).down(IDLE, { registered: [1, 1], draining: [1] }), undefined)
  assert.equal(
    watch({ minThreads: 2 }).down(IDLE + 50_000, { registered: [3, 1], lastEnds: [at(0), at(50_000)] }),
    'r1',
  )
  assert.equal(watch({ minThreads: 2 }).decide(IDLE, { registered: [2] }).verdict.rule, 'at-minimum')
})

test('one goes at a time, and no faster than the cool-down', () => {
  const group = watch()
  const idle = { registered: [1, 1, 1] }
  assert.equal(group.down(IDLE, idle), 'r0')
  assert.equal(group.down(IDLE + COOLDOWN - 1, idle), undefined)
  assert.match(group.decide(IDLE + COOLDOWN - 20_000, idle).text, /3 idle optimizers; the next is released in 20\.0 s/)
  assert.equal(group.down(IDLE + COOLDOWN, idle), 'r0')
})

test('nobody goes while there is work for more threads', () => {
  const group = watch()
  assert.equal(group.down(IDLE, { registered: [2, 2], busy: 2, planned: 9 }), undefined)
})

test('idle threads, nothing planned and tables that wait, twice: the planning is what takes its time', () => {
  const group = watch()
  const bound = { registered: [4], busy: 3, pending: 5 }
  assert.notEqual(group.decide(0, bound).verdict.rule, 'planning-bound')
  const { verdict, text } = group.decide(SUSTAINED, bound)
  assert.equal(verdict.rule, 'planning-bound')
  assert.match(text, /^1 thread idle and nothing planned, but 5 tables wait to be planned: .*max-planning-parallelism/)
  group.decide(2 * SUSTAINED, { registered: [4], busy: 4 })
  assert.notEqual(group.decide(3 * SUSTAINED, bound).verdict.rule, 'planning-bound')
  assert.equal(
    group.down(IDLE, { registered: [4, 1], busy: 4, pending: 5 }),
    'r1',
    'who idles long enough goes all the same',
  )
})

test('after failures nothing is launched for a while, the minimum included', () => {
  const backOff = { failures: 3, reason: 'no such image', until: at(BACKLOG + 20_000) }
  const group = watch({ minThreads: 2 })
  const below = group.decide(0, {}, backOff)
  assert.equal(below.launch, undefined)
  assert.equal(
    below.text,
    'more optimizers are wanted, but the last did not come up, 3 times in a row: no such image; more are launched in 1 min 20 s',
  )
  const busy = { registered: [2], busy: 2, planned: 5 }
  group.decide(1, busy)
  const over = group.decide(BACKLOG + 1, busy, backOff)
  assert.equal(over.verdict.rule, 'backing-off')
  assert.equal(over.lookAgainAt, at(BACKLOG + 20_000))
  assert.equal(group.up(BACKLOG + 20_000, busy), 1, 'then at once')
})

test('a clock that was put back makes nobody wait for longer than the settings say', () => {
  const busy = { registered: [2], busy: 2, planned: 50 }
  const ahead = { ...FRESH_MEMORY, backlogSince: at(9_000_000), nextLaunchAt: at(9_000_000), releasedAt: at(9_000_000) }
  const settings = buildAllocationSettings()
  const facts = buildAllocationFacts(busy)
  const { verdict } = decideAllocation({ settings, facts, backOff: undefined, memory: ahead, now: at(0) })
  assert.equal(verdict.until, at(SUSTAINED))
})
