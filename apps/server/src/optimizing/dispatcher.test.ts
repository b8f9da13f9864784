import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { drainOptimizer, endOptimizer } from '@moraine/management/resources/deadlines'
import { pauseTable, resumeTable } from '@moraine/management/tables/pause-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  buildEvaluation,
  buildOptimizer,
  buildWork,
  OPTIMIZER_1,
  PROCESS_1,
  T0,
} from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { announcing } from '../nudges/nudges.ts'
import { SILENT_LOG } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import { type DispatcherDeps, dispatcher } from './dispatcher.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))
const numbered = (input: string, { attempt }: { readonly attempt: number }, access = '') =>
  `${input}#${attempt}${access}`
const never = new AbortController().signal

type Work = Pick<DispatcherDeps['maintenance'], 'attemptInput' | 'loadAccess'>

async function setUp({ attemptInput = numbered, loadAccess = async () => '' }: Partial<Work> = {}) {
  const clock = virtualClock(T0)
  const raw = memoryStores(emptyState(), clock)
  /** Each waits for it before it is written. */
  const gate: { open: Promise<void>; waiting: number } = { open: Promise.resolve(), waiting: 0 }
  const state = announcing(raw.state, ({ to }) => to === 'dispatcher' && tasks.nudge())
  const gated: typeof state = {
    async apply(changes) {
      gate.waiting += 1
      await gate.open
      gate.waiting -= 1
      return state.apply(changes)
    },
  }
  const asked: string[] = []
  const groups: typeof raw.groups = {
    ...raw.groups,
    async findGroup(name) {
      asked.push('findGroup')
      return raw.groups.findGroup(name)
    },
  }
  const ofGroups: typeof raw.tasks = {
    ...raw.tasks,
    async listDispatchable(group) {
      if (group === 'broken') throw new MoraineError('corrupt', 'a process cannot be read')
      return raw.tasks.listDispatchable(group)
    },
  }
  const stores = { ...raw, state: gated, groups, tasks: ofGroups }
  const tasks = dispatcher({
    stores,
    maintenance: { attemptInput, loadAccess },
    breaksQuota: true,
    findHolds: holdFinder(stores, clock),
    clock,
    log: SILENT_LOG,
  })
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  const added = await stores.tables.addTable({
    name: { catalog: 'lake', namespace: ['a'], name: 'b' },
    format: 'ICEBERG',
    createdAt: T0,
  })
  const table = async () => {
    const found = await stores.tables.findTable(added.tableId)
    assert.ok(found)
    return found
  }
  const plan = async (count: number) => {
    await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), clock.now()))
    await stores.state.apply(beginPlanning(await table(), clock.now()))
    await stores.state.apply(acceptPlan(await table(), buildWork(count), PROCESS_1, clock.now()))
  }
  const take = (threadId: number, signal = never) =>
    tasks.take({ optimizerId: OPTIMIZER_1, threadId }, 'default', 3000, signal)
  return { clock, stores, tasks, plan, take, gate, asked }
}

test('a waiting thread gets a task as soon as there is one, without time passing', async () => {
  const { clock, plan, take } = await setUp()
  const waiting = [take(0), take(1)]
  await quiet()
  await plan(2)
  const tasks = await Promise.all(waiting)
  assert.equal(clock.now(), T0)
  assert.deepEqual(
    tasks.map((task) => [task?.taskId, task?.assignment, task?.input]),
    [
      [1, { optimizerId: OPTIMIZER_1, threadId: 0, attempt: 1 }, '{"task":1}#1'],
      [2, { optimizerId: OPTIMIZER_1, threadId: 1, attempt: 1 }, '{"task":2}#1'],
    ],
  )
})

test('tasks for many threads are written together, and none waits for another', async () => {
  const { plan, take, gate } = await setUp()
  const waiting = [take(0), take(1)]
  await quiet()
  await plan(2)
  const opening = Promise.withResolvers<void>()
  gate.open = opening.promise
  await quiet()
  assert.equal(gate.waiting, 2)
  opening.resolve()
  assert.deepEqual(
    (await Promise.all(waiting)).map((task) => task?.taskId),
    [1, 2],
  )
})

test('where no task waits, a poll asks for tasks and for nothing else', async () => {
  const { clock, take, asked } = await setUp()
  const waiting = take(0)
  await quiet()
  assert.deepEqual(asked, [])
  clock.step()
  assert.equal(await waiting, undefined)
})

test('a group whose tasks cannot be read does not keep those of another waiting', async () => {
  const { clock, tasks, plan, take } = await setUp()
  const broken = tasks.take({ optimizerId: OPTIMIZER_1, threadId: 9 }, 'broken', 3000, never)
  await quiet()
  await plan(1)
  assert.equal((await clock.run(take(0)))?.taskId, 1)
  await tasks.stop()
  assert.equal(await broken, undefined)
})

test('a thread that waits in vain is sent away when its time is up', async () => {
  const { clock, take } = await setUp()
  const waiting = take(0)
  await quiet()
  clock.step()
  assert.equal(await waiting, undefined)
  assert.equal(clock.now() - T0, 3000)
})

test('a thread that asks again replaces its earlier question, and one that went away gets nothing', async () => {
  const { stores, plan, take } = await setUp()
  const first = take(0)
  const second = take(0)
  assert.equal(await first, undefined)
  const gone = new AbortController()
  const away = take(1, gone.signal)
  gone.abort()
  assert.equal(await away, undefined)
  await plan(2)
  assert.equal((await second)?.taskId, 1)
  assert.equal((await stores.tasks.findTask(PROCESS_1, 2 as TaskId))?.state.status, 'planned')
})

for (const end of ['gone', 'draining'] as const) {
  test(`a thread of an optimizer that is ${end} is given nothing, although it waits`, async () => {
    const { clock, stores, plan, take } = await setUp()
    const waiting = take(0)
    await quiet()
    const optimizer = buildOptimizer()
    const changes =
      end === 'gone' ? endOptimizer(optimizer, 'its process ended', T0) : drainOptimizer(optimizer, clock.now())
    assert.deepEqual(await stores.state.apply(changes), { kind: 'applied' })
    await plan(1)
    assert.equal(await waiting, undefined)
    assert.equal(clock.now(), T0)
    assert.equal((await stores.tasks.findTask(PROCESS_1, 1 as TaskId))?.state.status, 'planned')
  })
}

test('a thread of another group gets nothing', async () => {
  const { clock, tasks, plan } = await setUp()
  const other = tasks.take({ optimizerId: 'other' as OptimizerId, threadId: 0 }, 'big', 10, never)
  await plan(1)
  await quiet()
  clock.step()
  assert.equal(await other, undefined)
})

test('a stopped dispatcher sends everybody away', async () => {
  const { tasks, plan, take } = await setUp()
  const waiting = take(0)
  await tasks.stop()
  assert.equal(await waiting, undefined)
  await plan(1)
  assert.equal(await take(0), undefined)
})

test('a task whose input cannot be read has failed, and the thread gets the next', async () => {
  const { stores, plan, take } = await setUp({
    attemptInput(input, key) {
      if (input.includes('1')) throw new MoraineError('permission', 'sealed with another key')
      return numbered(input, key)
    },
  })
  const waiting = take(0)
  await plan(2)
  assert.equal((await waiting)?.taskId, 2)
  const refused = await stores.tasks.findTask(PROCESS_1, 1 as TaskId)
  assert.deepEqual(refused?.state, {
    status: 'failed',
    attempts: 0,
    failures: 1,
    endedAt: T0,
    reason: 'sealed with another key',
  })
})

test('a task whose input cannot be read for the moment is tried again', async () => {
  let failures = 1
  const { stores, plan, take, tasks } = await setUp({
    attemptInput(input, key) {
      if (failures-- > 0) throw new MoraineError('unavailable', 'the database is away')
      return numbered(input, key)
    },
  })
  const waiting = take(0)
  await plan(1)
  await quiet()
  assert.equal((await stores.tasks.findTask(PROCESS_1, 1 as TaskId))?.state.status, 'planned')
  tasks.nudge()
  const again = take(0)
  assert.equal((await again)?.taskId, 1)
  assert.equal(await waiting, undefined)
})

test('a task goes with access of the moment it is handed out, asked for once for all that wait', async () => {
  let asked = 0
  const { clock, plan, take } = await setUp({
    async loadAccess() {
      asked += 1
      return ` by key ${asked}`
    },
  })
  const waiting = [take(0), take(1)]
  await plan(3)
  const inputs = (await Promise.all(waiting)).map((task) => task?.input)
  assert.deepEqual(inputs, ['{"task":1}#1 by key 1', '{"task":2}#1 by key 1'])
  await clock.run(clock.sleep(5_000))
  assert.equal((await take(0))?.input, '{"task":3}#1 by key 2')
})

test('a task without access waits and says why, tasks of other tables do not, and it is tried again', async () => {
  let failure: MoraineError | undefined = new MoraineError('permission', 'the catalog gives no keys')
  const { clock, stores, plan, take, tasks } = await setUp({
    async loadAccess() {
      if (failure !== undefined) throw failure
      return ' by key'
    },
  })
  const waiting = take(0)
  await plan(1)
  await quiet()
  const { state } = must(await stores.tasks.findTask(PROCESS_1, 1 as TaskId), 'the task')
  const reason = 'not handed out for now: the catalog gives no keys'
  assert.deepEqual(state, { status: 'planned', attempts: 0, failures: 0, reason })
  failure = undefined
  tasks.nudge()
  await quiet()
  clock.step()
  assert.equal(await waiting, undefined, 'it is left alone for a while')
  await clock.run(clock.sleep(30_000))
  assert.equal((await take(0))?.input, '{"task":1}#1 by key')
})

test('a catalog that does not answer keeps only its own tables waiting', async () => {
  const { stores, plan, take, tasks } = await setUp({
    loadAccess: ({ name }, signal) =>
      name === 'b' ? new Promise((_, reject) => signal.addEventListener('abort', reject)) : Promise.resolve(''),
  })
  await plan(1)
  const added = await stores.tables.addTable({
    name: { catalog: 'lake', namespace: ['a'], name: 'quick' },
    format: 'ICEBERG',
    createdAt: T0,
  })
  const quick = async () => must(await stores.tables.findTable(added.tableId), 'the table')
  await stores.state.apply(recordEvaluation(await quick(), buildEvaluation(), T0))
  await stores.state.apply(beginPlanning(await quick(), T0))
  await stores.state.apply(acceptPlan(await quick(), buildWork(1), 'other' as ProcessId, T0))
  assert.equal((await take(0))?.processId, 'other')
  await tasks.stop()
})

test('a table gets no thread beyond its quota while another one waits to be planned', async () => {
  const { clock, stores, tasks, plan, take } = await setUp()
  await stores.groups.addGroup({ name: 'default', container: 'local', properties: {} })
  const name = { catalog: 'lake', namespace: ['a'], name: 'next' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const next = async () => must(await stores.tables.findTable(tableId), 'the table')
  await stores.state.apply(recordEvaluation(await next(), buildEvaluation(), T0))
  await plan(2)
  assert.equal((await take(0))?.taskId, 1)
  const beyond = take(1)
  await quiet()
  assert.equal((await stores.tasks.listAssigned()).length, 1)
  await stores.state.apply(pauseTable(await next(), { since: clock.now() }))
  tasks.nudge()
  assert.equal((await beyond)?.taskId, 2)
  await tasks.stop()
})

test('tasks of a table that is paused or blocked wait, and are handed out when that ends', async () => {
  const { clock, stores, tasks, plan, take } = await setUp()
  await plan(3)
  const table = async () => must(await stores.tables.findTable(1 as TableId), 'the table')
  await stores.state.apply(pauseTable(await table(), { since: clock.now() }))
  const waiting = take(0)
  await quiet()
  assert.deepEqual(await stores.tasks.listAssigned(), [])
  await stores.state.apply(resumeTable(await table()))
  assert.equal((await waiting)?.taskId, 1)
  const blocker = { blockerId: 'b', tableId: (await table()).tableId, properties: {}, createdAt: clock.now() }
  await stores.blockers.addBlocker({ ...blocker, operations: ['optimize'], ttlMs: 1000 })
  const blocked = take(1)
  await quiet()
  assert.equal((await stores.tasks.listAssigned()).length, 1)
  await clock.run(clock.sleep(1000))
  tasks.nudge()
  assert.equal((await blocked)?.taskId, 2)
  await tasks.stop()
})
