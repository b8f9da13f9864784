import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { assignTask } from '@moraine/management/optimizing/assign-task'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { Discard } from '@moraine/management/records/discard'
import type { TableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { DiscardReport, DiscardRequest } from '@moraine/management/table-work/table-maintenance'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, PROCESS_1, PROCESS_2, SLOT_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { forgetTable } from '../changes/forget-table.ts'
import { renameManagedTable } from '../changes/rename-table.ts'
import { SILENT_LOG } from '../service/log.ts'
import { discarder } from './discarder.ts'

const NAME = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
const HOUR = 3_600_000

/** A table whose tasks run. */
async function addRunning(stores: Stores, name: TableName, processId: ProcessId, tasks: number): Promise<TableId> {
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const table = async () => must(await stores.tables.findTable(tableId), 'the table')
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  await stores.state.apply(beginPlanning(await table(), T0))
  await stores.state.apply(acceptPlan(await table(), buildWork(tasks), processId, T0))
  for (const task of await stores.tasks.listTasks(processId)) {
    await stores.state.apply(assignTask(task, SLOT_1, T0).changes)
  }
  return tableId
}

/** A table whose one task runs, and a discarder whose work ends as the test says. */
async function setUp({ silent }: { readonly silent?: string } = {}) {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  const tableId = await addRunning(stores, NAME, PROCESS_1, 1)
  const asked: DiscardRequest[] = []
  const answer: { report: DiscardReport | Error } = { report: { kind: 'done' } }
  const service = discarder({
    stores,
    maintenance: {
      async discard(request) {
        asked.push(request)
        if (request.table.catalog === silent) return new Promise(() => {})
        if (answer.report instanceof Error) throw answer.report
        return answer.report
      },
    },
    othersLed: false,
    clock,
    log: SILENT_LOG,
  })
  await service.start(new AbortController().signal)
  const pass = (ms: number) => clock.run(clock.sleep(ms))
  const listed = async (): Promise<readonly Discard[]> =>
    (await stores.discards.pageDiscards({ offset: 0, limit: 9 })).discards
  return { clock, stores, tableId, asked, answer, service, pass, listed }
}

test('the output of a table that was dropped in the middle is discarded under the name that it had', async () => {
  const { clock, stores, tableId, asked, service, pass, listed } = await setUp()
  assert.equal(await forgetTable(stores, clock, tableId), true)
  await pass(HOUR)
  const attempt = { processId: PROCESS_1, taskId: 1, attempt: 1 }
  assert.deepEqual(asked, [{ table: NAME, input: '{"task":1}', attempt, commit: 'never-tried' }])
  assert.deepEqual(await listed(), [])
  await service.stop()
})

test('an output that cannot be discarded stays listed with the reason, and is tried again ever later', async () => {
  const { clock, stores, tableId, asked, answer, service, pass, listed } = await setUp()
  answer.report = new MoraineError('not-found', 'there is no such table')
  await forgetTable(stores, clock, tableId)
  await pass(HOUR)
  const first = must((await listed())[0], 'a discard')
  assert.deepEqual([first.tries, first.table], [1, NAME])
  assert.match(first.reason ?? '', /there is no such table/)
  await pass(7 * 24 * HOUR)
  // After 1, 2, 4, 8, 16 hours, then once a day.
  assert.equal(asked.length, 11)
  // History is not cleaned of what the discard needs.
  const later = (T0 + 90 * 24 * HOUR) as typeof T0
  assert.deepEqual(await stores.processes.listFinished(later, 9), [])
  answer.report = { kind: 'done' }
  await pass(25 * HOUR)
  assert.deepEqual(await listed(), [])
  assert.deepEqual(await stores.processes.listFinished(later, 9), [PROCESS_1])
  await service.stop()
})

test('the output of a table that has another name is looked for under that', async () => {
  const { clock, stores, tableId, asked, answer, service, pass, listed } = await setUp()
  answer.report = { kind: 'kept', reason: '1 file' }
  const to = { ...NAME, name: 'purchases' }
  assert.equal(await renameManagedTable(stores, tableId, to), 'renamed')
  await forgetTable(stores, clock, tableId)
  await pass(HOUR)
  assert.deepEqual(
    asked.map(({ table }) => table),
    [to],
  )
  assert.deepEqual(
    (await listed()).map(({ reason, table }) => [reason, table]),
    [['1 file', to]],
  )
  await service.stop()
})

test('a catalog that does not answer holds up no output of others, and is waited for once in a round', async () => {
  const { clock, stores, tableId, asked, service, pass, listed } = await setUp({ silent: NAME.catalog })
  const tables = [
    tableId,
    await addRunning(stores, { ...NAME, name: 'lines' }, PROCESS_2, 2),
    await addRunning(stores, { ...NAME, catalog: 'pond' }, '1887436800000000003' as ProcessId, 1),
  ]
  for (const each of tables) await forgetTable(stores, clock, each)
  await pass(HOUR)
  assert.deepEqual(asked.map(({ table }) => table.catalog).sort(), ['lake', 'pond'])
  const left = await listed()
  assert.deepEqual(
    left.map(({ table, tries }) => [table?.catalog, tries]),
    left.map(() => ['lake', 1]),
  )
  assert.equal(left.length, 3)
  for (const { reason } of left) assert.match(reason ?? '', /did not end within 120000 ms/)
  await service.stop()
})
