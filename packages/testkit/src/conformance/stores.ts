import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { ProcessId, ResourceId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { ResourceState } from '@moraine/lifecycle/resource-status'
import { ackTask } from '@moraine/management/optimizing/ack-task'
import { assignTask } from '@moraine/management/optimizing/assign-task'
import { completeTask } from '@moraine/management/optimizing/complete-task'
import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { Resource } from '@moraine/management/resources/resource'
import { patchTable, type ResourceGuard, resourceGuard, type StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { Blocker } from '@moraine/management/tables/blocker'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { pauseTable } from '@moraine/management/tables/pause-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import type { TablePageQuery, TableQuery } from '@moraine/management/tables/table-store'
import {
  at,
  buildEvaluation,
  buildOptimizer,
  buildResource,
  buildWork,
  OPTIMIZER_1,
  OPTIMIZER_2,
  OUTPUT_FIGURES,
  PROCESS_1,
  PROCESS_2,
  RESOURCE_1,
  RESOURCE_2,
  SLOT_1,
  SNAPSHOT,
  T0,
} from '@moraine/management/testing/build'
import { allocationConformance } from './allocations.ts'

export type OpenedStores = { readonly stores: Stores; close(): Promise<void> }

/** What every implementation of the stores must do, told through the decisions that production makes. */
export function storesConformance(name: string, open: () => Promise<OpenedStores>): void {
  describe(`${name}: managed tables`, () => tableConformance(open))
  describe(`${name}: blockers`, () => blockerConformance(open))
  describe(`${name}: processes and tasks`, () => processConformance(open))
  describe(`${name}: optimizers and groups`, () => optimizerConformance(open))
  describe(`${name}: resources`, () => resourceConformance(open))
  describe(`${name}: allocations`, () => allocationConformance(setUp(open)))
}

function setUp(open: () => Promise<OpenedStores>) {
  const holder: { opened?: OpenedStores } = {}
  beforeEach(async () => {
    await holder.opened?.close()
    holder.opened = await open()
  })
  after(async () => holder.opened?.close())
  return () => {
    assert.ok(holder.opened)
    return holder.opened.stores
  }
}

const ORDERS = { catalog: 'lake', namespace: ['sales', 'eu.north'], name: 'orders "2026"' }

async function apply(stores: Stores, changes: readonly StateChange[]): Promise<void> {
  assert.deepEqual(await stores.state.apply(changes), { kind: 'applied' })
}

async function load(stores: Stores, table: ManagedTable): Promise<ManagedTable> {
  const found = await stores.tables.findTable(table.tableId)
  assert.ok(found)
  return found
}

function tableConformance(open: () => Promise<OpenedStores>) {
  const stores = setUp(open)
  const add = (name: string) =>
    stores().tables.addTable({ name: { ...ORDERS, name }, format: 'ICEBERG', createdAt: T0 })

  test('a table is added once, with an id of its own, and found by id and by name', async () => {
    const first = await stores().tables.addTable({ name: ORDERS, format: 'ICEBERG', createdAt: T0 })
    const again = await stores().tables.addTable({ name: ORDERS, format: 'ICEBERG', createdAt: at(5) })
    const other = await add('other')
    assert.deepEqual(again, first)
    assert.notEqual(other.tableId, first.tableId)
    assert.deepEqual(first.state, { phase: 'idle', since: T0 })
    assert.deepEqual(await stores().tables.findTable(first.tableId), first)
    assert.deepEqual(await stores().tables.findTableByName(ORDERS), first)
    assert.equal(await stores().tables.findTableByName({ ...ORDERS, namespace: ['sales'] }), undefined)
  })

  test('many tables are found by their names at once, each once, and those that are not there are left out', async () => {
    const [first, second] = [await add('a'), await add('b')]
    const { listNamed } = stores().tables
    const [a, b] = [first, second].map(({ tableId, name }) => ({ tableId, name }))
    const unknown = Array.from({ length: 1200 }, (_, at) => ({ ...ORDERS, name: `unknown ${at}` }))
    assert.deepEqual(await listNamed([second.name, ...unknown, first.name, second.name]), [a, b])
    assert.deepEqual(await listNamed([{ ...first.name, namespace: ['sales'] }]), [])
    assert.deepEqual(await listNamed([]), [])
  })

  test('a patch writes what it names and nothing else, and every value survives', async () => {
    const table = await add('orders')
    const patch = {
      state: { phase: 'pending', since: at(1) },
      evaluation: buildEvaluation({ reevaluateAt: at(99) }),
      evaluatedAt: at(2),
      refreshFailure: { since: at(3), reason: 'no such bucket' },
      emptyPlan: { metadataLocation: 'a', type: 'full', finding: { text: 'none', figures: { groups: 0 } } },
      optimizedSnapshotId: SNAPSHOT,
      optimizedAt: at(4),
      plannedAt: at(5),
      backOff: { failures: 2, notBefore: at(6), step: 'committing', reason: 'conflict' },
      request: { type: 'auto', filter: "day = '2026-11-21'", partitions: ['day=ä', ''], requestedAt: at(7) },
      pause: { since: at(8), by: 'ana', reason: 'migration' },
      settings: { ...table.settings, group: 'big', quota: 4, windows: '0 22 * * * for 6h', priority: 2 },
    } as const
    await apply(stores(), [patchTable(table, patch)])
    assert.deepEqual(await load(stores(), table), { ...table, ...patch, version: table.version + 1 })

    const patched = await load(stores(), table)
    await apply(stores(), [patchTable(patched, { backOff: undefined })])
    assert.deepEqual(await load(stores(), table), {
      ...patched,
      backOff: undefined,
      version: patched.version + 1,
    })
  })

  test('tables are found by text in the location of their metadata, and by that nobody knows it', async () => {
    const [orders] = [await add('orders'), await add('clicks')]
    const evaluation = buildEvaluation({ metadataLocation: 's3://b/w"h/Orders/metadata/x.json' })
    await apply(stores(), [patchTable(orders, { evaluation })])
    const names = async (metadata: TableQuery['metadata']) => {
      const found = await stores().tables.listTables({ limit: 9, ...(metadata && { metadata }) })
      return found.map(({ name }) => name.name)
    }
    assert.deepEqual(await names({ contains: ['/none/', '/w"h/'] }), ['orders'])
    assert.deepEqual(await names({ contains: ['/orders/'] }), [])
    assert.deepEqual(await names({ contains: ['/metadata/', '%'] }), ['orders'])
    assert.deepEqual(await names('unknown'), ['clicks'])
  })

  test('of two patches from one version the second loses, and nothing of its list is written', async () => {
    const table = await add('orders')
    const other = await add('other')
    await apply(stores(), [patchTable(table, { plannedAt: at(1) })])
    const lost = patchTable(table, { plannedAt: at(2) })
    const outcome = await stores().state.apply([patchTable(other, { plannedAt: at(3) }), lost])
    assert.deepEqual(outcome, { kind: 'lost', change: lost })
    assert.equal((await load(stores(), table)).plannedAt, at(1))
    assert.deepEqual(await load(stores(), other), other)
  })

  test('a change of phase that the transition table does not know is refused', async () => {
    const table = await add('orders')
    const wrong = patchTable(table, { state: { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } })
    await assert.rejects(stores().state.apply([wrong]), /goes from idle to committing/)
    assert.deepEqual(await load(stores(), table), table)
  })

  test('tables are shown in pages, found by text in their names and by what they do, the busiest first', async () => {
    const tables = [await add('Orders'), await add('orders%'), await add('clicks'), await add('views')] as const
    const elsewhere = await stores().tables.addTable({
      name: { catalog: 'lake', namespace: ['finance'], name: 'orders' },
      format: 'ICEBERG',
      createdAt: T0,
    })
    await apply(stores(), [
      patchTable(tables[1], { state: { phase: 'pending', since: at(1) } }),
      patchTable(tables[2], { state: { phase: 'pending', since: at(2) } }),
      patchTable(elsewhere, { settings: { ...elsewhere.settings, group: 'big' } }),
    ])
    await startProcess(stores(), 'running', PROCESS_1, 1)
    const page = async (query: Partial<TablePageQuery>) => {
      const found = await stores().tables.pageTables({ order: 'found', offset: 0, limit: 9, ...query })
      return [found.total, found.tables.map(({ name }) => name.name).join(' ')]
    }
    const all = 'running clicks orders% Orders views orders'
    assert.deepEqual(await page({ order: 'busiest' }), [6, all])
    assert.deepEqual(await page({ order: 'busiest', offset: 1, limit: 2 }), [6, 'clicks orders%'])
    assert.deepEqual(await page({ offset: 4 }), [6, 'orders running'])
    assert.deepEqual(await page({ offset: 6 }), [6, ''])
    assert.deepEqual(await page({ nameContains: 'orders' }), [2, 'orders% orders'])
    assert.deepEqual(await page({ nameContains: '%' }), [1, 'orders%'])
    assert.deepEqual(await page({ databaseContains: 'sales.eu.n', nameContains: 'click' }), [1, 'clicks'])
    assert.deepEqual(await page({ databaseContains: '' }), [6, 'Orders orders% clicks views orders running'])
    assert.deepEqual(await page({ databaseContains: '"' }), [0, ''])
    assert.deepEqual(await page({ group: 'big' }), [1, 'orders'])
    assert.deepEqual(await page({ activities: ['minor'] }), [1, 'running'])
    assert.deepEqual(await page({ activities: ['major', 'pending'], limit: 1 }), [2, 'orders%'])
    assert.deepEqual(await page({ activities: [] }), [0, ''])
  })

  test('tables are listed in pages, by catalog, group and phase, and counted', async () => {
    const tables = [await add('a'), await add('b'), await add('c')] as const
    await apply(stores(), [
      patchTable(tables[1], { settings: { ...tables[1].settings, group: 'big' } }),
      patchTable(tables[2], { state: { phase: 'pending', since: at(1) } }),
    ])
    const names = async (query: Parameters<Stores['tables']['listTables']>[0]) =>
      (await stores().tables.listTables(query)).map((table) => table.name.name)
    assert.deepEqual(await names({ limit: 2 }), ['a', 'b'])
    assert.deepEqual(await names({ limit: 2, after: tables[1].tableId }), ['c'])
    assert.deepEqual(await names({ limit: 9, group: 'big' }), ['b'])
    assert.deepEqual(await names({ limit: 9, phases: ['pending', 'executing'] }), ['c'])
    assert.deepEqual(await names({ limit: 9, catalog: 'lake' }), ['a', 'b', 'c'])
    assert.deepEqual(await names({ limit: 9, catalog: 'other' }), [])
    assert.deepEqual(await names({ limit: 9, outside: ['lake', 'other'] }), [])
    assert.deepEqual(await names({ limit: 9, outside: ['other'] }), ['a', 'b', 'c'])
    assert.deepEqual(await names({ limit: 9, outside: [] }), ['a', 'b', 'c'])
    const { tableId, name } = tables[1]
    assert.deepEqual(await stores().tables.listTableNames({ limit: 9, group: 'big' }), [{ tableId, name }])
    const counts = (await stores().tables.countPhases()).map(({ group, phase, tables }) => [group, phase, tables])
    assert.deepEqual(counts.sort(compareText), [
      ['big', 'idle', 1],
      ['default', 'idle', 1],
      ['default', 'pending', 1],
    ])
  })

  test('tables are looked up together with their pointers in the catalogs of the service', async () => {
    const own = await add('orders')
    const unpointed = await add('clicks')
    const view = await add('views')
    const name = { catalog: 'metastore', namespace: ['sales'], name: 'events' }
    const foreign = await stores().tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    const { catalogs, pointers } = stores()
    await catalogs.saveCatalog({ name: own.name.catalog, type: 'ams', properties: {} })
    // It was one of the service's own before.
    await catalogs.saveCatalog({ name: name.catalog, type: 'ams', properties: {} })
    for (const { name: each, kind } of [
      { ...own, kind: 'table' },
      { ...view, kind: 'view' },
      { name, kind: 'table' },
    ] as const) {
      for (let depth = 1; depth <= each.namespace.length; depth += 1) {
        await pointers.addNamespace(each.catalog, each.namespace.slice(0, depth), {})
      }
      assert.equal(await pointers.addPointer({ kind, ...each, metadataLocation: `s3://b/${each.name}.json` }), 'added')
    }
    const found = async (ids: readonly TableId[]) => {
      const pointed = await stores().tables.listPointed(ids)
      return pointed.map((each) => [each.table, each.ownLocation])
    }
    const all = [own, unpointed, view, foreign]
    assert.deepEqual(await found(all.map(({ tableId }) => tableId).toReversed()), [
      [own, 's3://b/orders.json'],
      [unpointed, undefined],
      [view, undefined],
      [foreign, 's3://b/events.json'],
    ])
    await catalogs.removeCatalog(name.catalog)
    await catalogs.saveCatalog({ name: name.catalog, type: 'hive', properties: {} })
    assert.deepEqual(await found([foreign.tableId, 999_999 as TableId]), [[foreign, undefined]])
    assert.deepEqual(await found([]), [])
  })

  test('clocks are kept for each partition and type', async () => {
    const table = await add('orders')
    const key = 'a "partition" key'.padEnd(2000, 'x')
    const set = (partitionKeys: readonly string[], type: 'minor' | 'full', ms: number): StateChange => ({
      kind: 'set-clocks',
      tableId: table.tableId,
      partitionKeys,
      type,
      at: at(ms),
    })
    await apply(stores(), [set(['p', key], 'minor', 1)])
    await apply(stores(), [set([key], 'full', 2), set([key], 'minor', 3)])
    const clocks = await stores().tables.listClocks(table.tableId)
    assert.deepEqual([...clocks].sort(compareText), [
      [key, { minor: at(3), major: 0, full: at(2) }],
      ['p', { minor: at(1), major: 0, full: 0 }],
    ])
  })

  test('a removed table is gone with its clocks, and its name can be used again', async () => {
    const table = await add('orders')
    await apply(stores(), [
      { kind: 'set-clocks', tableId: table.tableId, partitionKeys: ['p'], type: 'minor', at: T0 },
      { kind: 'remove-table', tableId: table.tableId, from: { version: table.version, phase: 'idle' } },
    ])
    assert.equal(await stores().tables.findTable(table.tableId), undefined)
    const again = await add('orders')
    assert.notEqual(again.tableId, table.tableId)
    assert.equal((await stores().tables.listClocks(again.tableId)).size, 0)
  })
}

/** Brings a new table to a running process with `tasks` tasks. */
async function startProcess(stores: Stores, name: string, processId: ProcessId, tasks: number) {
  const added = await stores.tables.addTable({ name: { ...ORDERS, name }, format: 'ICEBERG', createdAt: T0 })
  await apply(stores, recordEvaluation(added, buildEvaluation(), at(1)))
  await apply(stores, beginPlanning(await load(stores, added), at(2)))
  await apply(stores, acceptPlan(await load(stores, added), buildWork(tasks), processId, at(3)))
  const process = await stores.processes.findProcess(processId)
  assert.ok(process)
  return { table: await load(stores, added), process }
}

async function task(stores: Stores, processId: ProcessId, taskId: number) {
  const found = await stores.tasks.findTask(processId, taskId as TaskId)
  assert.ok(found)
  return found
}

function blockerConformance(open: () => Promise<OpenedStores>) {
  const stores = setUp(open)
  const setUpTable = async (name: string) => {
    const table = await stores().tables.addTable({ name: { ...ORDERS, name }, format: 'ICEBERG', createdAt: T0 })
    return table.tableId
  }
  const blocker = (tableId: ManagedTable['tableId'], blockerId: string): Blocker => ({
    blockerId,
    tableId,
    operations: ['optimize', 'batch-write'],
    properties: { application: 'nightly "load"' },
    createdAt: at(1),
    expiresAt: at(100),
  })

  test('of those who ask for one operation the first has it, until it ends', async () => {
    const tableId = await setUpTable('a')
    const first = blocker(tableId, 'first')
    const second: Blocker = { ...blocker(tableId, 'second'), operations: ['optimize'] }
    const { blockers } = stores()
    assert.deepEqual(await blockers.addBlocker(first, at(1)), { kind: 'added' })
    assert.deepEqual(await blockers.addBlocker(second, at(99)), { kind: 'refused', by: first })
    assert.deepEqual(await blockers.listBlockers(at(99), tableId), [first])
    assert.deepEqual(await blockers.listBlockers(at(100)), [])
    const later = { ...second, expiresAt: at(200) }
    assert.deepEqual(await blockers.addBlocker(later, at(100)), { kind: 'added' })
    assert.deepEqual(await blockers.listBlockers(at(100)), [later])
  })

  test('different operations, and different tables, do not meet', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const { blockers } = stores()
    const optimize: Blocker = { ...blocker(a, 'one'), operations: ['optimize'] }
    const write: Blocker = { ...blocker(a, 'two'), operations: ['batch-write'], createdAt: at(2) }
    for (const each of [optimize, write, blocker(b, 'three')]) {
      assert.deepEqual(await blockers.addBlocker(each, at(5)), { kind: 'added' })
    }
    assert.deepEqual(await blockers.listBlockers(at(5), a), [optimize, write])
    assert.equal((await blockers.listBlockers(at(5))).length, 3)
  })

  test('one that is renewed lives on, one that has ended does not come back', async () => {
    const tableId = await setUpTable('a')
    const { blockers } = stores()
    const first = blocker(tableId, 'first')
    await blockers.addBlocker(first, at(1))
    const renewed = { ...first, expiresAt: at(300) }
    assert.deepEqual(await blockers.renewBlocker(tableId, 'first', at(300), at(50)), renewed)
    assert.deepEqual(await blockers.listBlockers(at(299)), [renewed])
    assert.equal(await blockers.renewBlocker(tableId, 'first', at(900), at(300)), undefined)
    assert.deepEqual(await blockers.listBlockers(at(301)), [])
    assert.equal(await blockers.renewBlocker(tableId, 'nobody', at(900), at(50)), undefined)
  })

  test('one that is given back is gone, and nobody gives back that of another table', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const { blockers } = stores()
    await blockers.addBlocker(blocker(a, 'first'), at(1))
    assert.equal(await blockers.removeBlocker(b, 'first'), false)
    assert.equal(await blockers.renewBlocker(b, 'first', at(900), at(2)), undefined)
    assert.equal(await blockers.removeBlocker(a, 'first'), true)
    assert.equal(await blockers.removeBlocker(a, 'first'), false)
    assert.deepEqual(await blockers.listBlockers(at(2)), [])
  })

  test('of two who ask at once for one operation, one is refused', async () => {
    const tableId = await setUpTable('a')
    const asked = ['one', 'two', 'three'].map((id) => stores().blockers.addBlocker(blocker(tableId, id), at(1)))
    const kinds = (await Promise.all(asked)).map(({ kind }) => kind)
    assert.deepEqual(kinds.sort(), ['added', 'refused', 'refused'])
  })
}

function processConformance(open: () => Promise<OpenedStores>) {
  const stores = setUp(open)

  test('a plan becomes a process with its tasks, in one step with the table', async () => {
    const { table, process } = await startProcess(stores(), 'orders', PROCESS_1, 2)
    assert.deepEqual(table.state, { phase: 'executing', since: at(3), type: 'minor', processId: PROCESS_1 })
    assert.equal(process.inputFiles, 26)
    assert.equal(process.baseSnapshotId, SNAPSHOT)
    assert.deepEqual(process.state, { status: 'executing' })
    assert.equal(await stores().processes.findPlan(PROCESS_1), '{"planVersion":1}')
    assert.equal(await stores().tasks.findInput(PROCESS_1, 2 as TaskId), '{"task":2}')
    const tasks = await stores().tasks.listTasks(PROCESS_1)
    assert.deepEqual(await stores().tasks.pageTasks(PROCESS_1, { offset: 0, limit: 99 }), tasks)
    assert.deepEqual(await stores().tasks.pageTasks(PROCESS_1, { offset: 1, limit: 1 }), tasks.slice(1, 2))
    assert.deepEqual(
      tasks.map(({ taskId, partitionPath, state }) => [taskId, partitionPath, state]),
      [
        [1, 'day=0', { status: 'planned', attempts: 0, failures: 0 }],
        [2, 'day=1', { status: 'planned', attempts: 0, failures: 0 }],
      ],
    )
  })

  test('a task goes through an attempt to success, and its output is kept apart', async () => {
    const { process } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const assigned = assignTask(await task(stores(), PROCESS_1, 1), SLOT_1, at(4))
    await apply(stores(), assigned.changes)
    assert.deepEqual((await task(stores(), PROCESS_1, 1)).state, {
      status: 'scheduled',
      attempts: 1,
      failures: 0,
      assignment: { ...SLOT_1, attempt: 1 },
      scheduledAt: at(4),
    })
    const ack = ackTask(await task(stores(), PROCESS_1, 1), { ...SLOT_1, attempt: 1 }, at(5))
    assert.equal(ack.kind, 'accepted')
    await apply(stores(), ack.kind === 'accepted' ? ack.changes : [])
    const report = { kind: 'succeeded', payload: '{"out":1}', figures: OUTPUT_FIGURES } as const
    const done = completeTask(await task(stores(), PROCESS_1, 1), process, { ...SLOT_1, attempt: 1 }, report, at(6))
    assert.equal(done.kind, 'accepted')
    await apply(stores(), done.kind === 'accepted' ? done.changes : [])
    const ended = await task(stores(), PROCESS_1, 1)
    assert.equal(ended.state.status, 'succeeded')
    assert.deepEqual(ended.output, OUTPUT_FIGURES)
    assert.equal(await stores().tasks.findOutput(PROCESS_1, 1 as TaskId), '{"out":1}')
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, [1 as TaskId]), [
      {
        processId: PROCESS_1,
        taskId: 1,
        attempt: 1,
        tableId: process.tableId,
        ...SLOT_1,
        scheduledAt: at(4),
        end: { endedAt: at(6), outcome: 'succeeded' },
      },
    ])
  })

  test('a guard on status and attempts lets one of two writers win', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 1)
    const planned = await task(stores(), PROCESS_1, 1)
    await apply(stores(), assignTask(planned, SLOT_1, at(4)).changes)
    const second = await stores().state.apply(
      assignTask(planned, { optimizerId: OPTIMIZER_2, threadId: 7 }, at(4)).changes,
    )
    assert.equal(second.kind, 'lost')
    assert.equal((await stores().tasks.listAttempts(PROCESS_1, [1 as TaskId, 2 as TaskId])).length, 1)
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, [2 as TaskId]), [])
    assert.deepEqual(await stores().tasks.listAttempts(PROCESS_1, []), [])
    const assigned = await stores().tasks.listAssigned()
    assert.deepEqual(
      assigned.map(({ taskId }) => taskId),
      [1],
    )
    assert.equal((await stores().tasks.listAssigned(OPTIMIZER_2)).length, 0)
  })

  test('assigned tasks come by process and id, whatever the order in which they were handed out', async () => {
    await startProcess(stores(), 'orders', PROCESS_2, 2)
    await startProcess(stores(), 'clicks', PROCESS_1, 3)
    const handedOut = [
      [PROCESS_2, 2, OPTIMIZER_1],
      [PROCESS_1, 3, OPTIMIZER_2],
      [PROCESS_1, 1, OPTIMIZER_1],
      [PROCESS_2, 1, OPTIMIZER_2],
    ] as const
    for (const [thread, [processId, taskId, optimizerId]] of handedOut.entries()) {
      const slot = { optimizerId, threadId: thread }
      await apply(stores(), assignTask(await task(stores(), processId, taskId), slot, at(4)).changes)
    }
    const assigned = async (optimizerId?: typeof OPTIMIZER_1) =>
      (await stores().tasks.listAssigned(optimizerId)).map(({ processId, taskId }) => [processId, taskId])
    assert.deepEqual(await assigned(), [
      [PROCESS_1, 1],
      [PROCESS_1, 3],
      [PROCESS_2, 1],
      [PROCESS_2, 2],
    ])
    assert.deepEqual(await assigned(OPTIMIZER_1), [
      [PROCESS_1, 1],
      [PROCESS_2, 2],
    ])
  })

  test('a lost attempt leaves a discard that is due later and can be done once', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    await apply(stores(), assignTask(await task(stores(), PROCESS_1, 1), SLOT_1, at(4)).changes)
    await apply(stores(), resetTask(await task(stores(), PROCESS_1, 1), 'owner gone', at(5)))
    assert.deepEqual((await task(stores(), PROCESS_1, 1)).state, {
      status: 'planned',
      attempts: 1,
      failures: 0,
      reason: 'owner gone',
    })
    assert.deepEqual(await stores().discards.listDueDiscards(at(5), 9), [])
    const [due] = await stores().discards.listDueDiscards(at(3_600_000), 9)
    assert.ok(due)
    assert.deepEqual([due.taskId, due.attempt, due.tableId], [1, 1, table.tableId])
    await apply(stores(), [{ kind: 'remove-discard', discard: due }])
    assert.deepEqual(await stores().discards.listDueDiscards(at(3_600_000), 9), [])
  })

  test('what can be handed out is derived from the records', async () => {
    const first = await startProcess(stores(), 'a', PROCESS_1, 2)
    const second = await startProcess(stores(), 'b', PROCESS_2, 1)
    await apply(stores(), assignTask(await task(stores(), PROCESS_1, 1), SLOT_1, at(10)).changes)
    const pause = { since: at(9) }
    await apply(stores(), pauseTable(await load(stores(), second.table), pause))
    assert.deepEqual(await stores().tasks.listDispatchable('default'), [
      {
        processId: PROCESS_1,
        tableId: first.table.tableId,
        quota: 0.5,
        plannedTasks: 1,
        runningTasks: 1,
        lastAssignedAt: at(10),
        isRequested: false,
        settings: first.table.settings,
        pause: undefined,
      },
      {
        processId: PROCESS_2,
        tableId: second.table.tableId,
        quota: 0.5,
        plannedTasks: 1,
        runningTasks: 0,
        lastAssignedAt: 0,
        isRequested: false,
        settings: second.table.settings,
        pause,
      },
    ])
    assert.deepEqual(await stores().tasks.listDispatchable('other'), [])
    assert.deepEqual(
      (await stores().tasks.listPlanned(PROCESS_1, 5)).map(({ taskId }) => taskId),
      [2],
    )
    const used = await stores().tasks.sumAttemptTime(at(12), at(15))
    assert.deepEqual([...used], [[first.table.tableId, 3]])
    assert.deepEqual([...(await stores().tasks.sumAttemptTime(at(12), at(12)))], [])
    const counts = await stores().tasks.countTasks([PROCESS_1, PROCESS_2])
    assert.deepEqual(counts.get(PROCESS_1), {
      planned: 1,
      scheduled: 1,
      acked: 0,
      succeeded: 0,
      failed: 0,
      canceled: 0,
    })
    const byGroup = (await stores().tasks.countGroupTasks()).map(({ status, tasks }) => [status, tasks])
    assert.deepEqual(byGroup.sort(compareText), [
      ['planned', 2],
      ['scheduled', 1],
    ])
  })

  test('processes are listed newest first with a total, and removed with all that is theirs', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const from = { status: 'executing', commitAttempts: 0 } as const
    const state = { status: 'failed', endedAt: at(50), reason: 'no reason' } as const
    await apply(stores(), [
      { kind: 'move-process', processId: PROCESS_1, from, state },
      patchTable(table, { state: { phase: 'idle', since: at(50) } }),
    ])
    const page = await stores().processes.listProcesses({ tableId: table.tableId, offset: 0, limit: 1 })
    assert.equal(page.total, 1)
    assert.deepEqual(page.processes[0]?.state, state)
    const running = { tableId: table.tableId, statuses: ['executing'], offset: 0, limit: 9 } as const
    assert.equal((await stores().processes.listProcesses(running)).total, 0)
    assert.deepEqual(await stores().processes.listOpenProcesses('executing', 9), [])
    assert.deepEqual(await stores().processes.listFinished(at(50), 9), [])
    assert.deepEqual(await stores().processes.listFinished(at(51), 9), [PROCESS_1])
    await apply(stores(), [{ kind: 'remove-process', processId: PROCESS_1 }])
    assert.equal(await stores().processes.findProcess(PROCESS_1), undefined)
    assert.deepEqual(await stores().tasks.listTasks(PROCESS_1), [])
    assert.equal(await stores().tasks.findInput(PROCESS_1, 1 as TaskId), undefined)
  })

  test('a commit that is tried again is guarded by its number of tries', async () => {
    await startProcess(stores(), 'orders', PROCESS_1, 1)
    const move = (commitAttempts: number, status: 'executing' | 'committing', next: number): StateChange => ({
      kind: 'move-process',
      processId: PROCESS_1,
      from: { status, commitAttempts },
      state: { status: 'committing', since: at(5), commitAttempts: next, retryAt: at(6), reason: 'timeout' },
    })
    await apply(stores(), [move(0, 'executing', 0)])
    await apply(stores(), [move(0, 'committing', 1)])
    assert.equal((await stores().state.apply([move(0, 'committing', 1)])).kind, 'lost')
    const [open] = await stores().processes.listOpenProcesses('committing', 9)
    assert.deepEqual(open?.state, {
      status: 'committing',
      since: at(5),
      commitAttempts: 1,
      retryAt: at(6),
      reason: 'timeout',
    })
  })
}

function optimizerConformance(open: () => Promise<OpenedStores>) {
  const stores = setUp(open)

  test('an optimizer is found by its id and by the hash of its token, touches, and is gone once', async () => {
    const optimizer = buildOptimizer()
    await apply(stores(), [{ kind: 'add-optimizer', optimizer, tokenHash: 'hash-1' }])
    assert.deepEqual(await stores().optimizers.findOptimizer(OPTIMIZER_1), optimizer)
    assert.deepEqual(await stores().optimizers.findOptimizerByToken('hash-1'), optimizer)
    assert.equal(await stores().optimizers.findOptimizerByToken('hash-2'), undefined)
    assert.equal(await stores().optimizers.touchOptimizer(OPTIMIZER_1, at(5)), true)
    const stale: StateChange = {
      kind: 'move-optimizer',
      optimizerId: OPTIMIZER_1,
      from: { status: 'active', touchedAt: T0 },
      state: { status: 'gone', touchedAt: T0, goneAt: at(6), reason: 'silent' },
    }
    assert.equal((await stores().state.apply([stale])).kind, 'lost')
    await apply(stores(), [{ ...stale, from: { status: 'active', touchedAt: at(5) } }])
    assert.equal(await stores().optimizers.touchOptimizer(OPTIMIZER_1, at(7)), false)
    assert.deepEqual(await stores().optimizers.listLiveOptimizers(), [])
    assert.deepEqual(await stores().optimizers.listGone(at(7), 9), [OPTIMIZER_1])
    assert.equal(await stores().optimizers.lastGoneAt(RESOURCE_1), at(6))
    assert.equal(await stores().optimizers.lastGoneAt(RESOURCE_2), undefined)
    await apply(stores(), [{ kind: 'remove-optimizer', optimizerId: OPTIMIZER_1 }])
    assert.equal(await stores().optimizers.findOptimizer(OPTIMIZER_1), undefined)
  })

  test('live optimizers are listed by group', async () => {
    const other = buildOptimizer({ optimizerId: OPTIMIZER_2, group: 'big', registeredAt: at(1) })
    await apply(stores(), [
      { kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash-1' },
      { kind: 'add-optimizer', optimizer: other, tokenHash: 'hash-2' },
    ])
    assert.deepEqual(await stores().optimizers.listLiveOptimizers('big'), [other])
    assert.equal((await stores().optimizers.listLiveOptimizers()).length, 2)
  })

  test('groups are added once, saved, replaced, listed and removed', async () => {
    const group = { name: 'default', container: 'local', properties: { memory: '1024' } }
    assert.equal(await stores().groups.addGroup(group), true)
    assert.equal(await stores().groups.addGroup({ ...group, container: 'other' }), false)
    assert.deepEqual(await stores().groups.findGroup('default'), group)
    await stores().groups.saveGroup({ ...group, properties: {} })
    await stores().groups.saveGroup({ ...group, name: 'big' })
    assert.deepEqual(await stores().groups.findGroup('default'), { ...group, properties: {} })
    assert.deepEqual(
      (await stores().groups.listGroups()).map(({ name }) => name),
      ['big', 'default'],
    )
    await stores().groups.removeGroup('big')
    assert.equal(await stores().groups.findGroup('big'), undefined)
  })
}

function resourceConformance(open: () => Promise<OpenedStores>) {
  const stores = setUp(open)
  const move = (from: ResourceGuard, state: ResourceState, resourceId = RESOURCE_1): StateChange => ({
    kind: 'move-resource',
    resourceId,
    from,
    state,
  })

  test('a resource goes its way, every state with what belongs to it', async () => {
    const resource = buildResource({ reason: 'wanted by "root"', memoryMb: 4096 })
    await apply(stores(), [{ kind: 'add-resource', resource }])
    let from: ResourceGuard = { status: 'requested', attempts: 0 }
    assert.deepEqual(await stores().resources.findResource(RESOURCE_1), resource)
    const launchedAt = at(5)
    const states: readonly ResourceState[] = [
      { status: 'requested', attempts: 1, retryAt: at(2), failure: 'no room' },
      { status: 'launched', launchedAt },
      {
        status: 'releasing',
        launchedAt,
        releasingAt: at(6),
        reason: 'idle',
        isFailure: false,
        attempts: 0,
        retryAt: at(6),
      },
      {
        status: 'releasing',
        launchedAt,
        releasingAt: at(6),
        reason: 'silent',
        isFailure: true,
        attempts: 1,
        retryAt: at(9),
        failure: 'no answer',
      },
      { status: 'ended', launchedAt, endedAt: at(10), reason: 'silent', isFailure: true },
    ]
    for (const state of states) {
      await apply(stores(), [move(from, state)])
      const found = await stores().resources.findResource(RESOURCE_1)
      assert.deepEqual(found, { ...resource, state })
      from = resourceGuard(found)
    }
    assert.deepEqual(await stores().resources.listEnded(at(10), 9), [])
    assert.deepEqual(await stores().resources.listEnded(at(11), 9), [RESOURCE_1])
    await apply(stores(), [{ kind: 'remove-resource', resourceId: RESOURCE_1 }])
    assert.equal(await stores().resources.findResource(RESOURCE_1), undefined)
  })

  test('a guard on status and attempts lets one of two who move a resource win', async () => {
    await apply(stores(), [{ kind: 'add-resource', resource: buildResource() }])
    const refused: ResourceState = { status: 'requested', attempts: 1, retryAt: at(9), failure: 'no room' }
    const first = { status: 'requested', attempts: 0 } as const
    await apply(stores(), [move(first, refused)])
    const late = move(first, { status: 'launched', launchedAt: at(1) })
    const other: StateChange = { kind: 'add-resource', resource: buildResource({ resourceId: RESOURCE_2 }) }
    assert.equal((await stores().state.apply([other, late])).kind, 'lost')
    assert.equal(await stores().resources.findResource(RESOURCE_2), undefined)
    assert.deepEqual((await stores().resources.findResource(RESOURCE_1))?.state, refused)
    const unknown = move(first, { status: 'launched', launchedAt: at(1) }, RESOURCE_2)
    assert.equal((await stores().state.apply([unknown])).kind, 'lost')
    await assert.rejects(stores().state.apply([other, other]))
    const ended = { status: 'ended', attempts: 0 } as const
    await assert.rejects(stores().state.apply([move(ended, refused)]), /resource-1 goes from ended to requested/)
  })

  test('resources are listed by group, those that ended apart, the failures among them too', async () => {
    const end = (isFailure: boolean, endedAt: number): ResourceState => ({
      status: 'ended',
      launchedAt: undefined,
      endedAt: at(endedAt),
      reason: 'over',
      isFailure,
    })
    const named = (name: string, parts: Partial<Resource>) =>
      buildResource({ resourceId: name as ResourceId, ...parts })
    const all = [
      named('late', { requestedAt: at(2) }),
      named('early', { requestedAt: at(1), state: { status: 'launched', launchedAt: at(3) } }),
      named('other', { group: 'big' }),
      named('failed', { state: end(true, 7) }),
      named('failed-again', { state: end(true, 9) }),
      named('done', { state: end(false, 8) }),
      named('failed-elsewhere', { group: 'big', state: end(true, 8) }),
    ]
    await apply(
      stores(),
      all.map((resource) => ({ kind: 'add-resource', resource })),
    )
    const ids = (listed: readonly Resource[]) => listed.map(({ resourceId }) => resourceId as string)
    const { resources } = stores()
    assert.deepEqual(ids(await resources.listResources()), ['other', 'early', 'late'])
    assert.deepEqual(ids(await resources.listResources('default')), ['early', 'late'])
    assert.deepEqual(ids(await resources.listLastEnded('default', 2)), ['failed-again', 'done'])
    assert.deepEqual(ids(await resources.listFailed('default', 9)), ['failed-again', 'failed'])
    assert.deepEqual(ids(await resources.listFailed('default', 1)), ['failed-again'])
    assert.equal((await resources.listEnded(at(99), 3)).length, 3)
  })
}

function compareText(a: readonly unknown[], b: readonly unknown[]): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
