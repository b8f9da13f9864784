import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import type { Container, Launched, LaunchOrder } from '@moraine/management/resources/container'
import { releaseResource } from '@moraine/management/resources/move-resource'
import { buildOptimizer, buildResource, RESOURCE_1, T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { announcing } from '../nudges/nudges.ts'
import { type Log, SILENT_LOG } from '../service/log.ts'
import { type ResourceKeeperDeps, resourceKeeper } from './resource-keeper.ts'

/** A container that keeps what it is told to, and does what the test says meanwhile. */
function scripted(name: string) {
  const running = new Map<ResourceId, Launched>()
  const orders: LaunchOrder[] = []
  const script = { before: async (_what: string) => {} }
  const container: Container = {
    name,
    async launch(order) {
      await script.before('launch')
      orders.push(order)
      const { resourceId } = order
      if (!running.has(resourceId)) running.set(resourceId, { resourceId, condition: 'running', detail: undefined })
    },
    async release(resourceId) {
      await script.before('release')
      running.delete(resourceId)
    },
    async list() {
      await script.before('list')
      return [...running.values()]
    },
    close: async () => {},
  }
  return { container, running, orders, script }
}

async function setUp(parts: Partial<ResourceKeeperDeps> = {}, properties: Record<string, string> = {}) {
  const clock = virtualClock(T0)
  const raw = memoryStores(undefined, clock)
  const stores = {
    ...raw,
    state: announcing(raw.state, ({ to }) => to === 'resource-keeper' && keeper.nudge('records')),
  }
  const [local, other] = [scripted('local'), scripted('other')]
  await stores.groups.addGroup({ name: 'default', container: 'local', properties })
  await stores.groups.addGroup({ name: 'elsewhere', container: 'other', properties: {} })
  const keeper = resourceKeeper({
    stores,
    containers: new Map([local, other].map(({ container }) => [container.name, container])),
    registration: async ({ name }) => ({ url: 'thrift://here:1261', trusted: 'PEM', groupSecret: `secret of ${name}` }),
    settings: { registrationTimeoutMs: 180_000, drainTimeoutMs: 900_000 },
    leastThreads: new Map(),
    checkLeads() {},
    serviceStartedAt: T0,
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
    ...parts,
  })
  const settle = async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  const stopping = new AbortController()
  await keeper.start(stopping.signal)
  await settle()
  return {
    stores,
    local,
    other,
    keeper,
    settle,
    /** Lets time pass, and whatever is due meanwhile happen. */
    async pass(ms: number) {
      let isOver = false
      void clock.sleep(ms).then(() => {
        isOver = true
      })
      while (!isOver && clock.step()) await settle()
      await settle()
    },
    async request(parts: Parameters<typeof buildResource>[0] = {}) {
      await stores.state.apply([{ kind: 'add-resource', resource: buildResource(parts) }])
      await settle()
    },
    async stateOf(resourceId: ResourceId = RESOURCE_1) {
      const found = await stores.resources.findResource(resourceId)
      assert.ok(found)
      return found.state
    },
    async register(resourceId: ResourceId) {
      const optimizer = buildOptimizer({ optimizerId: `of-${resourceId}` as OptimizerId, resourceId })
      await stores.state.apply([{ kind: 'add-optimizer', optimizer, tokenHash: resourceId }])
    },
    async stop() {
      stopping.abort()
      await keeper.stop()
    },
  }
}

test('what is requested is launched with all that it needs, and let go when it is released', async () => {
  const { local, request, stateOf, stores, settle, pass, stop } = await setUp({}, { memory: '2048' })
  await request()
  assert.equal((await stateOf()).status, 'launched')
  assert.deepEqual(local.orders, [
    {
      resourceId: RESOURCE_1,
      group: 'default',
      threads: 2,
      memoryMb: 1024,
      groupProperties: { memory: '2048' },
      url: 'thrift://here:1261',
      trusted: 'PEM',
      groupSecret: 'secret of default',
    },
  ])
  const launched = await stores.resources.findResource(RESOURCE_1)
  assert.ok(launched)
  await stores.state.apply(releaseResource(launched, 'asked for', T0))
  await settle()
  await pass(5)
  const { status, ...end } = await stateOf()
  assert.deepEqual([status, 'reason' in end && end.reason, local.running.size], ['ended', 'asked for', 0])
  await stop()
})

test('a container that hangs holds up nobody else, and its order is refused when its time is up', async () => {
  const { local, other, request, stateOf, pass, stop } = await setUp()
  local.script.before = () => new Promise(() => {})
  await request()
  const second = 'resource-2' as ResourceId
  await request({ resourceId: second, group: 'elsewhere', container: 'other' })
  assert.deepEqual([(await stateOf()).status, (await stateOf(second)).status], ['requested', 'launched'])
  other.running.delete(second)
  await pass(20_000)
  assert.equal((await stateOf(second)).status, 'ended', 'the other is asked what it runs')
  await pass(50_000)
  const state = await stateOf()
  assert.ok(state.status === 'requested' && state.attempts === 1)
  assert.match(state.failure ?? '', /container local: launching resource-1 did not end within 60000 ms/)
  await stop()
})

test('an order that cannot be taken ends at once, others after some tries', async () => {
  const { local, request, stateOf, pass, stop } = await setUp()
  local.script.before = async (what) => {
    if (what === 'launch') throw new MoraineError('invalid-input', 'no such image')
  }
  await request()
  const hopeless = await stateOf()
  assert.ok(hopeless.status === 'ended' && hopeless.isFailure && hopeless.reason === 'no such image')
  local.script.before = async (what) => {
    if (what === 'launch') throw new MoraineError('unavailable', 'no room')
  }
  const second = 'resource-2' as ResourceId
  await request({ resourceId: second, state: { status: 'requested', attempts: 0, retryAt: T0 } })
  await pass(60_000)
  const tried = await stateOf(second)
  assert.ok(tried.status === 'ended' && tried.isFailure)
  assert.match(tried.reason, /did not launch it in 6 tries: no room/)
  await stop()
})

test('one that is released while it is being launched is let go when it has come', async () => {
  const { local, request, stateOf, stores, settle, pass, stop } = await setUp()
  const answer = Promise.withResolvers<void>()
  local.script.before = (what) => (what === 'launch' ? answer.promise : Promise.resolve())
  await request()
  const requested = await stores.resources.findResource(RESOURCE_1)
  assert.ok(requested)
  await stores.state.apply(releaseResource(requested, 'changed my mind', T0))
  await settle()
  assert.equal((await stateOf()).status, 'ended')
  answer.resolve()
  await settle()
  await pass(20)
  assert.equal(local.orders.length, 1)
  assert.equal(local.running.size, 0)
  await stop()
})

test('a minimum is kept: what dies is replaced, later each time', async () => {
  const { local, stores, pass, register, keeper, settle, stop } = await setUp({
    leastThreads: new Map([['default', 2]]),
  })
  const [first] = [...local.running.keys()]
  assert.ok(first)
  await register(first)
  await pass(60_000)
  assert.equal(local.orders.length, 1)
  const pauses: number[] = []
  for (let deaths = 0; deaths < 3; deaths += 1) {
    const resourceId = [...local.running.keys()].at(-1)
    assert.ok(resourceId)
    local.running.set(resourceId, { resourceId, condition: 'gone', detail: 'its process ended: SIGKILL' })
    keeper.nudge()
    await settle()
    const state = (await stores.resources.findResource(resourceId))?.state
    assert.ok(state?.status === 'ended' && state.isFailure && state.reason === 'its process ended: SIGKILL')
    const [optimizer] = await stores.optimizers.listLiveOptimizers()
    assert.equal(optimizer, undefined, 'its registration ended with it')
    const before: number = local.orders.length
    let waitedMs = 0
    for (; local.orders.length === before; waitedMs += 1000) await pass(1000)
    pauses.push(waitedMs)
  }
  assert.deepEqual(pauses, [1000, 2000, 4000])
  await stop()
})

test('a server that may not lead any more orders nothing', async () => {
  const leads = { now: true }
  const checkLeads = () => {
    if (!leads.now) throw new MoraineError('unavailable', 'another server leads now')
  }
  const { local, request, stop } = await setUp({ checkLeads })
  leads.now = false
  await request()
  assert.equal(local.orders.length, 0)
  await stop()
})

test('a container that is away is told of when that begins, now and then, and when it is over', async () => {
  const told: string[] = []
  const log: Log = { ...SILENT_LOG, warn: (fields, message) => told.push(`${message} ${JSON.stringify(fields)}`) }
  const { local, pass, stop } = await setUp({ log })
  local.script.before = async () => {
    throw new MoraineError('unavailable', 'no API')
  }
  await pass(60_000)
  assert.deepEqual(told, [
    'a container does not say what it runs; it is asked until it does {"container":"local","failure":"no API"}',
  ])
  await pass(30 * 60_000)
  assert.equal(told.length, 2)
  assert.match(told[1] ?? '', /^a container still does not say what it runs .*"failure":"no API","for":"30 min"/)
  local.script.before = async () => {}
  await pass(60_000)
  assert.equal(told.length, 3)
  assert.match(told[2] ?? '', /^a container says again what it runs \{"container":"local","after":"30 min 45 s"\}$/)
  await stop()
})
