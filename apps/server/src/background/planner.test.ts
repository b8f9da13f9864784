import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, TableId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import { patchTable } from '@moraine/management/store/state-change'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildOptimizer, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { holdFinder } from '../waiting/hold-finder.ts'
import { KEEP_PER_COST, PENDING_PAGE } from '../waiting/pending-tables.ts'
import { type TableToReach, WITHHELD_MAX } from '../waiting/planned-ahead.ts'
import { planner } from './planner.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

/** Pending tables, plans that end when the test says so, and a record of what was asked of the database. */
async function setUp(
  tables: number,
  threads: number,
  {
    listingMs = 0,
    isWithheld = (_: TableToReach): boolean => false,
    onProcess = () => {},
    catalogOf = (_: number): string => 'lake',
  } = {},
) {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const asked: string[] = []
  const stores: typeof raw = {
    ...raw,
    state: {
      async apply(changes) {
        if (changes.some(({ kind }) => kind === 'add-process')) onProcess()
        return raw.state.apply(changes)
      },
    },
    tables: {
      ...raw.tables,
      async listPending(query) {
        const found = await raw.tables.listPending(query)
        if (query.limit > 1) asked.push(`listPending ${found.length}`)
        if (query.limit > 1 && listingMs > 0) await clock.run(clock.sleep(listingMs))
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
    const name = { catalog: catalogOf(at), namespace: ['a'], name: `t${at}` }
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
    isWithheld,
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
  })
  const endPlan = async () => {
    plans.shift()?.()
    await quiet()
    await quiet()
  }
  const start = async () => {
    await service.start(new AbortController().signal)
    await quiet()
  }
  return { start, clock, stores: raw, service, asked, plans, register, endPlan }
}

const pendingLists = (asked: readonly string[]) => asked.filter((what) => what.startsWith('listPending'))

test('pending tables are listed only when there are threads and room to plan one', async () => {
  const { start, service, asked, plans, register, endPlan } = await setUp(5, 1)
  await start()
  assert.deepEqual(pendingLists(asked), [], 'nobody would work on a plan')
  await register('a')
  assert.deepEqual([pendingLists(asked), plans.length], [['listPending 5'], 1])
  for (let at = 0; at < 100; at += 1) service.nudge()
  await quiet()
  assert.equal(pendingLists(asked).length, 1, 'another plan is under way')
  await endPlan()
  assert.deepEqual([pendingLists(asked).at(-1), plans.length], ['listPending 4', 1])
  await endPlan()
  asked.length = 0
  for (let at = 0; at < 100; at += 1) {
    service.nudge()
    await quiet()
  }
  assert.deepEqual([pendingLists(asked), plans.length], [[], 0], 'two tasks wait for one thread')
  await register('b')
  assert.deepEqual([pendingLists(asked), plans.length], [['listPending 3'], 1])
  await endPlan()
  await service.stop()
})

test('what tables used is summed up once for plans that follow each other', async () => {
  const { start, clock, service, asked, register, endPlan } = await setUp(20, 64)
  await start()
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

/** Brings the first table to a process of so many tasks, which nobody has yet. */
async function planFirst(
  { stores }: Pick<Awaited<ReturnType<typeof setUp>>, 'stores'>,
  tasks: number,
  parts: Parameters<typeof buildWork>[1] = {},
) {
  const [first] = await stores.tables.listTables({ limit: 1 })
  assert.ok(first)
  await stores.state.apply(beginPlanning(first, T0))
  const planning = await stores.tables.findTable(first.tableId)
  assert.ok(planning)
  await stores.state.apply(acceptPlan(planning, buildWork(tasks, parts), PROCESS_1, T0))
  const executing = await stores.tables.findTable(first.tableId)
  assert.ok(executing)
  return executing
}

const PAUSE = { by: 'ann', since: T0 }

test('tasks that nobody can have keep no other table from being planned', async () => {
  for (const [why, isWithheld] of [
    ['its table is paused', () => false],
    ['its files cannot be reached', ({ tableId }: TableToReach) => tableId === 1],
  ] as const) {
    const world = await setUp(2, 4, { isWithheld })
    const held = await planFirst(world, 8)
    if (why === 'its table is paused') await world.stores.state.apply([patchTable(held, { pause: PAUSE })])
    await world.start()
    await world.register('a')
    assert.equal(world.plans.length, 1, why)
    await world.endPlan()
    await world.service.stop()
  }
})

test('what somebody asks for is planned though the threads have all the work that they can do for now', async () => {
  const world = await setUp(3, 4)
  await planFirst(world, 100, { settings: { ...DEFAULT_TABLE_SETTINGS, quota: 9 } })
  const [, , asked] = await world.stores.tables.listTables({ limit: 3 })
  assert.ok(asked)
  await world.stores.state.apply([patchTable(asked, { request: { type: 'auto', requestedAt: T0 } })])
  await world.start()
  await world.register('a')
  assert.equal(world.plans.length, 1)
  await world.endPlan()
  assert.equal(world.plans.length, 0, 'nobody asked for the other')
  const phases = (await world.stores.tables.listTables({ limit: 3 })).map(({ state }) => state.phase)
  assert.deepEqual(phases, ['executing', 'pending', 'executing'])
  await world.service.stop()
})

test('of a catalog that gives no access to files a few tables are planned, and no more, beside those of others', async () => {
  const catalogOf = (at: number) => (at < 40 ? 'shut' : 'well')
  const world = await setUp(41, 4, { catalogOf, isWithheld: ({ catalog }) => catalog === 'shut' })
  await world.start()
  await world.register('a')
  for (let at = 0; at < 60 && world.plans.length > 0; at += 1) {
    await world.endPlan()
    world.service.nudge()
    await quiet()
  }
  const planned = await world.stores.tables.listTables({ phases: ['executing'], limit: 100 })
  const byCatalog = Map.groupBy(planned, ({ name }) => name.catalog)
  assert.deepEqual([byCatalog.get('shut')?.length, byCatalog.get('well')?.length], [WITHHELD_MAX, 1])
  await world.service.stop()
})

test('however many tables are held, those behind them are planned', async () => {
  const tables = 2 * PENDING_PAGE + 5
  const world = await setUp(tables, 4)
  const all = await world.stores.tables.listTables({ limit: tables })
  for (const table of all.slice(0, -1)) await world.stores.state.apply([patchTable(table, { pause: PAUSE })])
  await world.start()
  await world.register('a')
  assert.equal(world.plans.length, 1)
  assert.equal((await world.stores.tables.findTable((all.at(-1) as ManagedTable).tableId))?.state.phase, 'planning')
  await world.endPlan()
  await world.service.stop()
})

test('a plan that hangs holds up its own catalog alone, however many tables of that wait before the others', async () => {
  const tables = PENDING_PAGE + 5
  const catalogOf = (at: number) => (at === tables - 1 ? 'well' : 'hung')
  const world = await setUp(tables, 4, { catalogOf })
  await world.start()
  await world.register('a')
  for (let turn = 0; turn < 20; turn += 1) await quiet()
  const planning = await world.stores.tables.listTables({ phases: ['planning'], limit: tables })
  assert.deepEqual(
    planning.map(({ name }) => name.catalog),
    ['hung', 'well'],
  )
  await world.endPlan()
  await world.endPlan()
  await world.endPlan()
  await world.service.stop()
})

test('a long queue is made anew no more often than for a twentieth of the time, and what changes meanwhile is seen', async () => {
  const world = await setUp(PENDING_PAGE + 10, 64, { listingMs: 50 })
  await world.start()
  await world.register('a')
  while (world.plans.length === 0) await quiet()
  const made = pendingLists(world.asked).length
  for (let at = 0; at < 5; at += 1) await world.endPlan()
  assert.deepEqual([pendingLists(world.asked).length, world.plans.length], [made, 1])
  // The seventh in the queue.
  const next = await world.stores.tables.findTable(7 as TableId)
  assert.ok(next)
  await world.stores.state.apply([patchTable(next, { pause: PAUSE })])
  await world.endPlan()
  assert.equal((await world.stores.tables.findTable(7 as TableId))?.state.phase, 'pending')
  assert.equal((await world.stores.tables.findTable(8 as TableId))?.state.phase, 'planning')
  await world.clock.run(world.clock.sleep(2 * 50 * KEEP_PER_COST))
  await world.endPlan()
  assert.ok(pendingLists(world.asked).length > made)
  await world.service.stop()
})

test('a plan that can never be recorded has failed; one that cannot now is made again', async () => {
  const kinds: ErrorKind[] = ['internal', 'invalid-input', 'unavailable', 'timeout', 'conflict']
  for (const kind of kinds) {
    const onProcess = () => {
      throw new MoraineError(kind, 'the database takes no such text')
    }
    const { start, stores, service, register, endPlan } = await setUp(1, 1, { onProcess })
    await start()
    await register('a')
    await endPlan()
    for (let turn = 0; turn < 20; turn += 1) await quiet()
    const [table] = await stores.tables.listTables({ limit: 1 })
    const isOutage = kind !== 'internal' && kind !== 'invalid-input'
    assert.deepEqual([table?.state.phase, table?.backOff?.failures], ['pending', isOutage ? undefined : 1], kind)
    if (!isOutage) assert.match(table?.backOff?.reason ?? '', /could not be recorded: the database takes no such text/)
    await service.stop()
  }
})
