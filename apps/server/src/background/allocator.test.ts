import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { Resource } from '@moraine/management/records/resource'
import { allocationText } from '@moraine/management/resources/allocation-verdict'
import { resourceGuard, type StateChange } from '@moraine/management/store/state-change'
import { pauseTable } from '@moraine/management/tables/pause-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  buildEvaluation,
  buildOptimizer,
  buildResource,
  buildWork,
  PROCESS_1,
  T0,
} from '@moraine/management/testing/build'
import { later } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { Log } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import { allocator } from './allocator.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

const PROPERTIES = {
  'dynamic-allocation.enabled': 'true',
  'dynamic-allocation.max-parallelism': '8',
  'dynamic-allocation.executor-parallelism': '2',
  'dynamic-allocation.scheduler-backlog-timeout': '20s',
  'dynamic-allocation.sustained-backlog-timeout': '10s',
  'dynamic-allocation.executor-idle-timeout': '60s',
}

async function setUp(properties: Readonly<Record<string, string>> = PROPERTIES) {
  const clock = virtualClock(T0)
  const raw = memoryStores(undefined, clock)
  const applied: StateChange[] = []
  const stores: typeof raw = {
    ...raw,
    state: {
      apply: (changes) => {
        applied.push(...changes)
        return raw.state.apply(changes)
      },
    },
  }
  await stores.groups.addGroup({ name: 'default', container: 'local', properties })
  const said: string[] = []
  const say = (fields: object) => void said.push(JSON.stringify(fields))
  const log: Log = { debug() {}, info: say, warn: say, error: say }
  const begin = async () => {
    const random = seededRandom(1)
    const service = allocator({ stores, findHolds: holdFinder(stores, clock), clock, random, log })
    const stopping = new AbortController()
    await service.start(stopping.signal)
    await settle()
    return async () => {
      stopping.abort()
      await service.stop()
    }
  }
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await quiet()
  }
  return {
    stores: raw,
    clock,
    applied,
    said,
    begin,
    async pass(ms: number) {
      // Past whatever is due then. Somebody else's sleep lets time pass to the end.
      const until = later(clock.now(), ms + 1)
      const over = clock.sleep(ms + 1)
      while (clock.now() < until && clock.step()) await settle()
      await over
      await settle()
    },
    async work(tasks: number) {
      const name = { catalog: 'lake', namespace: ['a'], name: `t${clock.now()}` }
      const added = await raw.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
      const load = async () => (await raw.tables.findTable(added.tableId)) ?? added
      await raw.state.apply(recordEvaluation(await load(), buildEvaluation(), clock.now()))
      if (tasks === 0) return load()
      await raw.state.apply(beginPlanning(await load(), clock.now()))
      await raw.state.apply(acceptPlan(await load(), buildWork(tasks), PROCESS_1, clock.now()))
      return load()
    },
    async come({ resourceId, threads, ...resource }: Resource) {
      const whole = { resourceId, threads, ...resource }
      const launched = { status: 'launched', launchedAt: clock.now() } as const
      await raw.state.apply([{ kind: 'move-resource', resourceId, from: resourceGuard(whole), state: launched }])
      const optimizer = buildOptimizer({
        optimizerId: `of-${resourceId}` as OptimizerId,
        resourceId,
        threads,
        registeredAt: clock.now(),
      })
      await raw.state.apply([{ kind: 'add-optimizer', optimizer, tokenHash: resourceId }])
    },
    async told() {
      const found = await raw.allocations.findAllocation('default')
      return found && allocationText(found.verdict, clock.now())
    },
  }
}

test('work that waits launches optimizers, step by step, and idle ones go', async () => {
  const { stores, begin, pass, work, come, told, applied } = await setUp()
  const end = await begin()
  assert.equal(await told(), 'no work, and no optimizers')
  await work(3)
  await pass(10_000)
  assert.match((await told()) ?? '', /^3 waiting for 0 threads: backlog for 1 ms of 20\.0 s/)
  await pass(20_000)
  const [first, ...others] = await stores.resources.listResources('default')
  assert.ok(first !== undefined && others.length === 0)
  assert.deepEqual([first.threads, first.container, first.state.status], [2, 'local', 'requested'])
  assert.equal(first.reason, 'dynamic allocation: 3 waiting for 0 threads, for 20.0 s')
  await come(first)
  await pass(10_000)
  assert.equal((await stores.resources.listResources('default')).length, 2)
  const allocation = await stores.allocations.findAllocation('default')
  assert.equal(allocation?.launches, 2)
  // All of it is done, by nobody.
  const process = await stores.processes.findProcess(PROCESS_1)
  assert.ok(process !== undefined)
  await stores.state.apply([{ kind: 'remove-process', processId: PROCESS_1 }])
  await pass(70_000)
  const [released] = await stores.resources.listResources('default')
  assert.equal(released?.state.status, 'releasing')
  assert.equal((await stores.allocations.findAllocation('default'))?.releases, 1)
  const before = applied.length
  await pass(120_000)
  assert.ok(applied.length - before < 4, 'nothing is written while nothing changes')
  await end()
})

test('tables that wait to be planned launch a first one, unless something holds them', async () => {
  const held = await setUp()
  const table = await held.work(0)
  await held.stores.state.apply(pauseTable(table, { since: T0, by: 'ana' }))
  const endHeld = await held.begin()
  await held.pass(60_000)
  assert.equal((await held.stores.resources.listResources()).length, 0)
  await endHeld()

  const { stores, work, begin, pass } = await setUp()
  await work(0)
  const end = await begin()
  await pass(60_000)
  assert.equal((await stores.resources.listResources()).length, 1)
  await end()
})

test('a new leader knows of the last release, not of the backlog', async () => {
  const { stores, work, begin, pass, come, clock } = await setUp()
  for (const id of ['a', 'b']) {
    const resource = buildResource({ resourceId: id as ResourceId })
    await stores.state.apply([{ kind: 'add-resource', resource }])
    await come(resource)
  }
  const end = await begin()
  await pass(60_000)
  await end()
  const states = async () => (await stores.resources.listResources()).map(({ state }) => state.status).sort()
  assert.deepEqual(await states(), ['launched', 'releasing'])
  const releasedAt = clock.now()
  const again = await begin()
  await pass(50_000)
  assert.deepEqual(await states(), ['launched', 'releasing'], 'one a minute')
  await pass(20_000)
  assert.deepEqual(await states(), ['releasing', 'releasing'])
  assert.ok(clock.now() - releasedAt >= 60_000)
  await work(3)
  await pass(15_000)
  await again()
  const third = await begin()
  await pass(15_000)
  assert.deepEqual(await states(), ['releasing', 'releasing'], 'the backlog lasts anew')
  await pass(10_000)
  assert.deepEqual(await states(), ['releasing', 'releasing', 'requested'])
  await third()
})

test('a group that is set wrongly is left alone, and that is said once; set right, it is looked at soon', async () => {
  const { stores, begin, pass, said, work } = await setUp({ ...PROPERTIES, 'dynamic-allocation.max-parallelism': '0' })
  await work(3)
  const end = await begin()
  await pass(120_000)
  assert.equal((await stores.resources.listResources()).length, 0)
  assert.equal(said.filter((line) => line.includes('max-parallelism')).length, 1)
  await stores.groups.saveGroup({
    name: 'default',
    container: 'local',
    properties: { ...PROPERTIES, 'dynamic-allocation.min-parallelism': '4' },
  })
  await pass(5000)
  assert.equal((await stores.resources.listResources()).length, 2)
  await end()
})

test('who does not come up is not asked for again at once, and that is said', async () => {
  const { stores, begin, pass, told } = await setUp({ ...PROPERTIES, 'dynamic-allocation.min-parallelism': '2' })
  const end = await begin()
  const fail = async () => {
    const [resource] = await stores.resources.listResources()
    assert.ok(resource !== undefined)
    const state = {
      status: 'ended',
      launchedAt: undefined,
      endedAt: clockNow(),
      reason: 'exit code 1',
      isFailure: true,
    } as const
    const { resourceId } = resource
    await stores.state.apply([{ kind: 'move-resource', resourceId, from: resourceGuard(resource), state }])
  }
  const clockNow = () => later(T0, passed)
  let passed = 0
  const wait = async (ms: number) => {
    passed += ms
    await pass(ms)
  }
  for (const pauseMs of [1000, 2000, 4000]) {
    assert.equal((await stores.resources.listResources()).length, 1)
    await fail()
    await wait(pauseMs - 1000)
    assert.equal((await stores.resources.listResources()).length, 0)
    await wait(11_000)
  }
  await fail()
  await wait(4000)
  assert.match((await told()) ?? '', /the last did not come up, 4 times in a row: exit code 1; more are launched in \d/)
  await end()
})
