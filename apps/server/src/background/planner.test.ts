import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId } from '@moraine/lifecycle/identity'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildOptimizer, buildWork, T0 } from '@moraine/management/testing/build'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { holdFinder } from '../optimizing/hold-finder.ts'
import { SILENT_LOG } from '../service/log.ts'
import { planner } from './planner.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

/** Pending tables, plans that end when the test says so, and a record of what was asked of the database. */
async function setUp(tables: number, threads: number) {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const asked: string[] = []
  const stores: typeof raw = {
    ...raw,
    tables: {
      ...raw.tables,
      async listTables(query) {
        const found = await raw.tables.listTables(query)
        asked.push(`listTables ${query.phases?.join()} ${found.length}`)
        return found
      },
    },
    tasks: {
      ...raw.tasks,
      async sumAttemptTime(since, now) {
        asked.push('sumAttemptTime')
        return raw.tasks.sumAttemptTime(since, now)
      },
    },
  }
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  for (let at = 0; at < tables; at += 1) {
    const name = { catalog: 'lake', namespace: ['a'], name: `t${at}` }
    const table = await raw.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    await raw.state.apply(recordEvaluation(table, buildEvaluation(), T0))
  }
  const register = async (optimizerId: string) => {
    const optimizer = buildOptimizer({ optimizerId: optimizerId as OptimizerId, threads })
    await raw.state.apply([{ kind: 'add-optimizer', optimizer, tokenHash: optimizerId }])
    service.nudge()
    await quiet()
  }
  const plans: (() => void)[] = []
  const service = planner({
    stores,
    maintenance: {
      plan: () => new Promise((resolve) => plans.push(() => resolve(buildWork(1)))),
    },
    parallelism: 1,
    findHolds: holdFinder(stores, clock),
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
  })
  const endPlan = async () => {
    plans.shift()?.()
    await quiet()
    await quiet()
  }
  await service.start(new AbortController().signal)
  await quiet()
  return { clock, stores: raw, service, asked, plans, register, endPlan }
}

const pendingLists = (asked: readonly string[]) => asked.filter((what) => what.startsWith('listTables pending'))

test('pending tables are listed only when there are threads and room to plan one', async () => {
  const { service, asked, plans, register, endPlan } = await setUp(5, 1)
  assert.deepEqual(pendingLists(asked), [], 'nobody would work on a plan')
  await register('a')
  assert.deepEqual([pendingLists(asked), plans.length], [['listTables pending 5'], 1])
  for (let at = 0; at < 100; at += 1) service.nudge()
  await quiet()
  assert.equal(pendingLists(asked).length, 1, 'another plan is under way')
  await endPlan()
  assert.deepEqual([pendingLists(asked).at(-1), plans.length], ['listTables pending 4', 1])
  await endPlan()
  asked.length = 0
  for (let at = 0; at < 100; at += 1) {
    service.nudge()
    await quiet()
  }
  assert.deepEqual([pendingLists(asked), plans.length], [[], 0], 'two tasks wait for one thread')
  await register('b')
  assert.deepEqual([pendingLists(asked), plans.length], [['listTables pending 3'], 1])
  await endPlan()
  await service.stop()
})

test('what tables used is summed up once for plans that follow each other', async () => {
  const { clock, service, asked, register, endPlan } = await setUp(20, 64)
  await register('a')
  for (let at = 0; at < 10; at += 1) await endPlan()
  assert.equal(pendingLists(asked).length, 11)
  assert.equal(asked.filter((what) => what === 'sumAttemptTime').length, 1)
  await clock.run(clock.sleep(5000))
  await endPlan()
  assert.equal(asked.filter((what) => what === 'sumAttemptTime').length, 2)
  await endPlan()
  await service.stop()
})
