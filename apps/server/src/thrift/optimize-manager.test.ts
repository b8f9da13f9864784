import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { AmoroErrorCode, amoroException, optimizeManager } from '@moraine/api/thrift/optimize-manager'
import type { ProcessId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, OUTPUT_FIGURES, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import { startThriftServer } from '@moraine/thrift/server'
import { announcing } from '../nudges/nudges.ts'
import { dispatcher } from '../optimizing/dispatcher.ts'
import { optimizingService } from '../optimizing/optimizing-service.ts'
import { SILENT_LOG } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import { optimizeManagerHandlers } from './optimize-manager-handlers.ts'

const cleanups: (() => Promise<void>)[] = []
after(async () => {
  for (const cleanup of cleanups) await cleanup()
})

/** The real service behind a real socket; its own time stands still. */
async function setUp() {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const stores = { ...raw, state: announcing(raw.state, ({ to }) => to === 'dispatcher' && tasks.nudge()) }
  const maintenance = {
    loadAccess: async () => '{}',
    attemptInput: (input: string) => input,
    checkOutput: () => ({ kind: 'accepted', figures: OUTPUT_FIGURES }) as const,
  }
  const findHolds = holdFinder(stores, clock)
  const tasks = dispatcher({ stores, maintenance, breaksQuota: true, findHolds, clock, log: SILENT_LOG })
  const service = optimizingService({
    stores,
    maintenance,
    dispatcher: tasks,
    heartbeatTimeoutMs: 60_000,
    pollTimeoutMs: 3000,
    groupSecrets: ({ name }) => (name === 'guarded' ? 'right' : undefined),
    clock,
    random: seededRandom(1),
  })
  const canceled: ProcessId[] = []
  const server = await startThriftServer({
    host: '127.0.0.1',
    port: 0,
    services: [
      optimizeManagerHandlers({
        service,
        cancelProcess: async (processId) => canceled.push(processId) > 0,
        nodeUrls: async () => ['thrift://here:1261'],
        log: SILENT_LOG,
      }),
    ],
    clock: systemClock,
    onFailure: () => {},
  })
  const connection = new ThriftConnection({ host: '127.0.0.1', port: server.port, clock: systemClock })
  cleanups.push(async () => {
    await tasks.stop()
    await connection.close()
    await server.stop(0)
  })
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  const name = { catalog: 'lake', namespace: ['a'], name: 'b' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const startProcess = async () => {
    for (const decide of [
      (table: Table) => recordEvaluation(table, buildEvaluation(), clock.now()),
      (table: Table) => beginPlanning(table, clock.now()),
      (table: Table) => acceptPlan(table, buildWork(1), PROCESS_1, clock.now()),
    ]) {
      const table = await stores.tables.findTable(tableId)
      assert.ok(table)
      await stores.state.apply(decide(table))
    }
  }
  const client = thriftClient(optimizeManager, connection)
  return { clock, stores, server, client, canceled, startProcess }
}

type Table = Parameters<typeof beginPlanning>[0]

const registerInfo = {
  threadCount: 2,
  memoryMb: 512,
  startTime: 0n,
  groupName: 'default',
  properties: new Map([['payload-versions', '1']]),
}

async function register({ client }: Pick<Awaited<ReturnType<typeof setUp>>, 'client'>): Promise<string> {
  const authToken = await client.authenticate({ registerInfo })
  assert.ok(authToken)
  return authToken
}

const refusal = (code: keyof typeof AmoroErrorCode) => (error: unknown) =>
  amoroException.match(error)?.errorCode === AmoroErrorCode[code]

test('a thread that waits in a long poll is woken by a new task, then acknowledges and completes it', async () => {
  const world = await setUp()
  const { client, clock, startProcess, stores } = world
  const authToken = await register(world)
  const polled = client.pollTask({ authToken, threadId: 1 })
  await client.ping({})
  await startProcess()
  const task = await polled
  // The poll did not end because its time was up: no time has passed.
  assert.equal(clock.now(), T0)
  assert.deepEqual(task?.taskId, { processId: BigInt(PROCESS_1), taskId: 1, attempt: 1 })
  assert.equal(Buffer.from(task.taskInput ?? []).toString(), '{"task":1}')
  assert.equal(task.properties?.get('task-attempt-id'), '1')

  const { taskId } = task
  await client.ackTask({ authToken, threadId: 1, taskId })
  const taskResult = { taskId, threadId: 1, taskOutput: Buffer.from('{}') }
  await client.completeTask({ authToken, taskResult })
  await client.completeTask({ authToken, taskResult })
  const [stored] = await stores.tasks.listTasks(PROCESS_1)
  assert.equal(stored?.state.status, 'succeeded')
})

test('an empty poll is a reply without a value', async () => {
  const world = await setUp()
  const authToken = await register(world)
  const polled = world.client.pollTask({ authToken, threadId: 0 })
  // The poll has reached the service once a later call was answered.
  await world.client.touch({ authToken })
  while (world.clock.step()) await world.client.ping({})
  assert.equal(await polled, undefined)
})

test('an attempt named the old way, in the summary, counts as well', async () => {
  const world = await setUp()
  const { client, startProcess } = world
  const authToken = await register(world)
  await startProcess()
  const task = await client.pollTask({ authToken, threadId: 0 })
  assert.ok(task)
  const taskId = { processId: task.taskId.processId, taskId: task.taskId.taskId }
  await client.ackTask({ authToken, threadId: 0, taskId })
  const result = (attempt: string) => ({
    taskId,
    threadId: 0,
    taskOutput: Buffer.from('{}'),
    summary: new Map([['task-attempt-id', attempt]]),
  })
  await assert.rejects(client.completeTask({ authToken, taskResult: result('7') }), refusal('illegalTaskState'))
  await client.completeTask({ authToken, taskResult: result('1') })
})

test('refusals carry the codes that optimizers act on', async () => {
  const world = await setUp()
  const { client } = world
  await assert.rejects(client.touch({ authToken: 'forged' }), refusal('registerAgain'))
  await assert.rejects(client.pollTask({ authToken: 'forged', threadId: 0 }), refusal('registerAgain'))
  const unknownGroup = { ...registerInfo, groupName: 'none' }
  await assert.rejects(client.authenticate({ registerInfo: unknownGroup }), refusal('objectNotExists'))
  const javaOptimizer = { ...registerInfo, properties: new Map<string, string>() }
  await assert.rejects(client.authenticate({ registerInfo: javaOptimizer }), refusal('forbidden'))
  const authToken = await register(world)
  const taskId = { processId: 42n, taskId: 1 }
  await assert.rejects(client.ackTask({ authToken, threadId: 0, taskId }), refusal('taskNotFound'))
})

test('a failing database is a failure that may pass, and a bug tells nothing', async () => {
  const world = await setUp()
  const { client, stores } = world
  const failWith = (error: Error) => {
    stores.optimizers.findOptimizerByToken = () => Promise.reject(error)
  }
  failWith(new MoraineError('unavailable', 'the database does not answer'))
  await assert.rejects(client.touch({ authToken: 'x' }), refusal('persistence'))
  failWith(new TypeError('a secret detail'))
  await assert.rejects(client.touch({ authToken: 'x' }), (error) => {
    const refused = amoroException.match(error)
    return refused?.errorCode === -1 && !refused.message.includes('secret')
  })
})

test('the other methods answer as declared', async () => {
  const world = await setUp()
  const { client, canceled, stores, clock } = world
  assert.equal(await client.cancelProcess({ processId: 42n }), true)
  assert.deepEqual(canceled, ['0000000000000000042'])
  assert.deepEqual(await client.getOptimizingNodeUrls({}), ['thrift://here:1261'])
  const authToken = await register(world)
  const stale = { taskId: { processId: 42n, taskId: 1, attempt: 1 }, threadId: 0 }
  assert.deepEqual(await client.findUnwanted({ authToken, running: [stale] }), [
    { ...stale, taskId: { processId: 42n, taskId: 1, attempt: 1 } },
  ])
  const [listed] = await stores.optimizers.listLiveOptimizers()
  assert.deepEqual(await client.findStanding({ authToken }), { optimizerId: listed?.optimizerId })
  await client.drain({ authToken })
  assert.match((await client.findStanding({ authToken }))?.drainReason ?? '', /^somebody had it drained/)
  const poll = { isAnswered: false }
  const answer = client.pollTask({ authToken, threadId: 0 }).finally(() => (poll.isAnswered = true))
  while (!poll.isAnswered) {
    clock.step()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(await answer, undefined)
  await client.leave({ authToken })
  assert.deepEqual(await stores.optimizers.listLiveOptimizers(), [])
})

test('bytes that are no Thrift close their connection and disturb nobody', async () => {
  const world = await setUp()
  const authToken = await register(world)
  const stranger = connect(world.server.port, '127.0.0.1')
  stranger.on('error', () => {})
  const closed = new Promise((resolve) => stranger.once('close', resolve))
  stranger.write('GET / HTTP/1.1\r\n\r\n')
  await closed
  await world.client.touch({ authToken })
})

test('a secret is shown at the registration, and stored nowhere', async () => {
  const world = await setUp()
  const { client, stores } = world
  await stores.groups.saveGroup({ name: 'guarded', container: 'external', properties: {} })
  const shown = (secret: string | undefined) => {
    const properties = new Map(registerInfo.properties)
    if (secret !== undefined) properties.set('group-secret', secret)
    return client.authenticate({ registerInfo: { ...registerInfo, groupName: 'guarded', properties } })
  }
  await assert.rejects(shown(undefined), refusal('forbidden'))
  await assert.rejects(shown('wrong'), refusal('forbidden'))
  assert.ok(await shown('right'))
  const [optimizer] = await stores.optimizers.listLiveOptimizers('guarded')
  assert.deepEqual(optimizer?.properties, { 'payload-versions': '1' })
})

test('what a registration says of itself is read from its properties', async () => {
  const { client } = await setUp()
  const saying = (properties: Readonly<Record<string, string>>) =>
    client.authenticate({ registerInfo: { ...registerInfo, properties: new Map(Object.entries(properties)) } })
  assert.ok(await saying({ 'payload-versions': '2, 1', 'heart-beat-interval': '1000' }))
  for (const properties of [
    {},
    { 'payload-versions': '2' },
    { 'payload-versions': '1', 'heart-beat-interval': '3600000' },
    { 'payload-versions': '1', 'heart-beat-interval': 'often' },
  ])
    await assert.rejects(saying(properties), refusal('forbidden'))
})
