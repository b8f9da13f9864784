import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, TaskId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { drainOptimizer, endOptimizer } from '@moraine/management/resources/deadlines'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  buildEvaluation,
  buildOptimizer,
  buildWork,
  OPTIMIZER_1,
  PROCESS_1,
  T0,
} from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { announcing } from '../background/nudges.ts'
import { SILENT_LOG } from '../service/log.ts'
import { dispatcher } from './dispatcher.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))
const numbered = (input: string, { attempt }: { readonly attempt: number }) => `${input}#${attempt}`
const never = new AbortController().signal

async function setUp({ attemptInput = numbered }: { readonly attemptInput?: typeof numbered } = {}) {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const stores = { ...raw, state: announcing(raw.state, ({ to }) => to === 'dispatcher' && tasks.nudge()) }
  const tasks = dispatcher({
    stores,
    maintenance: { attemptInput },
    breakQuota: true,
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
  return { clock, stores, tasks, plan, take }
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
