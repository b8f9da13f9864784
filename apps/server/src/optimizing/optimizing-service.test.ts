import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, OUTPUT_FIGURES, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { cancelProcess } from '../changes/cancel-process.ts'
import { requestOptimizing } from '../changes/request-optimizing.ts'
import { SILENT_LOG } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import { dispatcher } from './dispatcher.ts'
import { type OptimizerStanding, optimizingService } from './optimizing-service.ts'

const never = new AbortController().signal
const quiet = () => new Promise((resolve) => setImmediate(resolve))

const maintenance: Pick<TableMaintenance, 'attemptInput' | 'checkOutput' | 'loadAccess'> = {
  loadAccess: async () => '{}',
  attemptInput: (input) => input,
  checkOutput: (_input, _attempt, output) =>
    output === 'good' ? { kind: 'accepted', figures: OUTPUT_FIGURES } : { kind: 'refused', reason: 'rows are missing' },
}

async function setUp() {
  const judged: number[] = []
  const judging: typeof maintenance = {
    ...maintenance,
    checkOutput(input, attempt, output) {
      judged.push(attempt.attempt)
      return maintenance.checkOutput(input, attempt, output)
    },
  }
  const clock = virtualClock(T0)
  const stores = memoryStores()
  const findHolds = holdFinder(stores, clock)
  const tasks = dispatcher({ stores, maintenance, breaksQuota: true, findHolds, clock, log: SILENT_LOG })
  const service = optimizingService({
    stores,
    maintenance: judging,
    dispatcher: tasks,
    heartbeatTimeoutMs: 60_000,
    pollTimeoutMs: 1000,
    groupSecrets: () => undefined,
    clock,
    random: seededRandom(1),
  })
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  const name = { catalog: 'lake', namespace: ['a'], name: 'b' }
  const added = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const apply = async (decide: typeof beginPlanning) => {
    const table = await stores.tables.findTable(added.tableId)
    assert.ok(table)
    await stores.state.apply(decide(table, clock.now()))
  }
  await apply((table, now) => recordEvaluation(table, buildEvaluation(), now))
  await apply(beginPlanning)
  await apply((table, now) => acceptPlan(table, buildWork(1), PROCESS_1, now))
  const registration = {
    group: 'default',
    resourceId: undefined,
    threads: 2,
    memoryMb: 1,
    properties: {},
    payloadVersions: ['1'],
    heartbeatIntervalMs: undefined,
    secret: undefined,
  }
  const registered = await service.register(registration)
  assert.ok(registered.kind === 'registered')
  return { clock, stores, service, judged, registration, tableId: added.tableId, token: registered.token }
}

async function polled({ service, token }: Awaited<ReturnType<typeof setUp>>, threadId = 0) {
  const answer = await service.poll(token, threadId, never)
  assert.ok(answer.kind === 'task')
  const { processId, taskId, assignment } = answer.task
  return { processId, taskId, threadId, attempt: assignment.attempt }
}

test('an output is held against the attempt that it is of, also where that is not named', async () => {
  const world = await setUp()
  const { service, token, judged } = world
  const report = await polled(world)
  await service.ack(token, report)
  const end = { kind: 'output', payload: 'good' } as const
  for (const attempt of [7, undefined]) await service.complete(token, { ...report, attempt, end })
  assert.deepEqual(judged, [7, 1])
})

test('a task goes from poll to success, and the last answer may be asked for twice', async () => {
  const world = await setUp()
  const { service, token, stores } = world
  const report = await polled(world)
  assert.deepEqual(await service.ack(token, report), { kind: 'accepted' })
  const end = { kind: 'output', payload: 'good' } as const
  assert.deepEqual(await service.complete(token, { ...report, end }), { kind: 'accepted' })
  assert.deepEqual(await service.complete(token, { ...report, end }), { kind: 'accepted' })
  assert.equal((await stores.tasks.findTask(PROCESS_1, report.taskId))?.state.status, 'succeeded')
})

test('a thread that never says what it has been given is given another no more than once in a second', async () => {
  const world = await setUp()
  const { clock } = world
  const first = await polled(world)
  const before = clock.now()
  const second = await clock.run(polled(world))
  assert.deepEqual([first.attempt, second.attempt, clock.now() - before], [1, 2, 1000])
})

test('an output that does not fit its task is a failed attempt', async () => {
  const world = await setUp()
  const { service, token, stores } = world
  const report = await polled(world)
  await service.ack(token, report)
  const end = { kind: 'output', payload: 'bad' } as const
  assert.deepEqual(await service.complete(token, { ...report, end }), { kind: 'accepted' })
  const task = await stores.tasks.findTask(PROCESS_1, report.taskId)
  assert.deepEqual(task?.state, { status: 'planned', attempts: 1, failures: 1, reason: 'rows are missing' })
})

test('a thread that polls again loses the task it had, and its late report is refused', async () => {
  const world = await setUp()
  const { service, token } = world
  const first = await polled(world)
  await service.ack(token, first)
  const second = await polled(world)
  assert.deepEqual([first.attempt, second.attempt], [1, 2])
  const end = { kind: 'output', payload: 'good' } as const
  assert.deepEqual(await service.complete(token, { ...first, end }), { kind: 'refused', why: 'old-attempt' })
  assert.deepEqual(await service.findUnwanted(token, [first, second]), [first])
})

test('a token that is unknown, or of an optimizer that left, is told to register again', async () => {
  const world = await setUp()
  const { service, token } = world
  assert.equal(await service.touch('no-such-token'), 'unknown')
  assert.equal(await service.touch(token), 'known')
  const report = await polled(world)
  assert.equal(await service.leave(token), 'known')
  assert.equal(await service.touch(token), 'unknown')
  assert.deepEqual(await service.poll(token, 0, never), { kind: 'unknown' })
  assert.deepEqual(await service.ack(token, report), { kind: 'unknown' })
  assert.equal(await service.findUnwanted(token, []), 'unknown')
})

function standingOf(answer: OptimizerStanding | 'unknown'): OptimizerStanding {
  assert.ok(answer !== 'unknown')
  return answer
}

test('one that drains, and a thread number it does not have, get no task, and not at once either', async () => {
  const { service, token, clock } = await setUp()
  const polled = async (threadId: number) => {
    const from = clock.now()
    const answer = service.poll(token, threadId, never)
    await quiet()
    clock.step()
    assert.deepEqual(await answer, { kind: 'nothing' })
    return clock.now() - from
  }
  assert.deepEqual([await polled(2), await polled(-1)], [1000, 1000])
  const { optimizerId, ...more } = standingOf(await service.findStanding(token))
  assert.deepEqual([typeof optimizerId, more], ['string', {}])
  assert.equal(await service.drain(token), 'known')
  assert.deepEqual(await service.findStanding(token), {
    optimizerId,
    drainReason: 'somebody had it drained (moraine group release --drain)',
  })
  assert.equal(await service.findStanding('no-such-token'), 'unknown')
  assert.equal(await polled(0), 1000)
  const gone = AbortSignal.abort()
  assert.deepEqual(await service.poll(token, 0, gone), { kind: 'nothing' })
  assert.equal(await service.touch(token), 'known')
})

test('registering with an unknown group or too slow a heartbeat is refused', async () => {
  const { service, registration } = await setUp()
  const refusal = async (parts: Partial<typeof registration>) => {
    const answer = await service.register({ ...registration, ...parts })
    return answer.kind === 'refused' ? answer.why : answer.kind
  }
  assert.equal(await refusal({ group: 'none' }), 'unknown-group')
  assert.equal(await refusal({ payloadVersions: ['9'] }), 'forbidden')
})

test('a canceled process takes its running task with it', async () => {
  const world = await setUp()
  const { service, token, stores, clock } = world
  const report = await polled(world)
  await service.ack(token, report)
  assert.equal(await cancelProcess(stores, clock, PROCESS_1), 'canceled')
  assert.equal(await cancelProcess(stores, clock, PROCESS_1), 'ended')
  assert.deepEqual(await service.findUnwanted(token, [report]), [report])
  const end = { kind: 'output', payload: 'good' } as const
  assert.deepEqual(await service.complete(token, { ...report, end }), { kind: 'refused', why: 'not-running' })
  assert.equal((await stores.discards.listDueDiscards({ until: (clock.now() + 3_600_000) as typeof T0 }, 9)).length, 1)
})

test('a person can have a table optimized, unless a process owns it', async () => {
  const { stores, clock, tableId } = await setUp()
  assert.equal(await requestOptimizing(stores, clock, tableId, { type: 'full' }), 'busy')
  await cancelProcess(stores, clock, PROCESS_1)
  assert.equal(await requestOptimizing(stores, clock, tableId, { type: 'full' }), 'accepted')
  const table = await stores.tables.findTable(tableId)
  assert.deepEqual([table?.state.phase, table?.request], ['pending', { type: 'full', requestedAt: clock.now() }])
})

test('of those who ask for partitions at once each is heard', async () => {
  const { stores, clock, tableId } = await setUp()
  await cancelProcess(stores, clock, PROCESS_1)
  const ask = (partition: string) =>
    requestOptimizing(stores, clock, tableId, { type: 'full', partitions: [partition] })
  assert.deepEqual(await Promise.all([ask('day=1'), ask('day=2'), ask('day=3')]), ['accepted', 'accepted', 'accepted'])
  const asked = (await stores.tables.findTable(tableId))?.request?.partitions
  assert.deepEqual(asked?.toSorted(), ['day=1', 'day=2', 'day=3'])
  assert.equal(
    await requestOptimizing(stores, clock, tableId, { type: 'major', partitions: ['day=4'] }),
    'asked-otherwise',
  )
})
