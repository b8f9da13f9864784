import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessStatus } from '@moraine/lifecycle/process-status'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '@moraine/management/records/table-settings'
import { pauseTable, resumeTable } from '@moraine/management/tables/pause-table'
import { T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { composeOptimizing } from '../compose-optimizing.ts'
import { SILENT_LOG } from '../service/log.ts'
import {
  addSimulatedTable,
  appendFile,
  emptyLake,
  isHealthy,
  lakeListing,
  lakeMaintenance,
  renameSimulatedTable,
  rewriteHonestly,
} from '../simulation/lake.ts'

const HOUR = 3_600_000

/** The service with one table in need, of which one thread runs the only task. */
async function setUp() {
  const clock = virtualClock(T0)
  const lake = emptyLake()
  const settings: { -readonly [K in keyof TableSettings]: TableSettings[K] } = { ...DEFAULT_TABLE_SETTINGS }
  const table = addSimulatedTable(lake, 'orders', settings)
  for (let count = 0; count < 3; count += 1) appendFile(lake, table, 'a')
  const raw = memoryStores()
  await raw.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await raw.catalogs.saveCatalog({ name: 'lake', type: 'rest', properties: {} })
  const { stores, service, services, nudge } = composeOptimizing({
    stores: raw,
    maintenance: lakeMaintenance(lake),
    listing: lakeListing(lake),
    settings: {
      deadlines: { heartbeatTimeoutMs: 24 * HOUR, ackTimeoutMs: 24 * HOUR, executeTimeoutMs: 24 * HOUR },
      refresh: { shortestMs: 60_000, longestMs: 300_000, stepMs: 30_000, parallelism: 4 },
      planningParallelism: 2,
      commitParallelism: 2,
      pollTimeoutMs: 30_000,
      breaksQuota: false,
      exploreIntervalMs: 180_000,
      history: { keepMs: 30 * 24 * HOUR, intervalMs: HOUR, reportKeepMs: 7 * 24 * HOUR },
    },
    groupSecrets: () => undefined,
    othersLed: false,
    onResources: () => {},
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
  })
  for (const each of services) await each.start(new AbortController().signal)
  const registered = await service.register({
    group: 'default',
    resourceId: undefined,
    threads: 1,
    memoryMb: 1,
    properties: {},
    payloadVersions: ['1'],
    heartbeatIntervalMs: undefined,
    secret: undefined,
  })
  assert.ok(registered.kind === 'registered')
  const { token } = registered
  const pass = (ms: number) => clock.run(clock.sleep(ms))
  const polling = service.poll(token, 0, new AbortController().signal)
  await pass(10_000)
  const answer = await polling
  assert.ok(answer.kind === 'task')
  const { processId, taskId, assignment, input } = answer.task
  const report = { processId, taskId, threadId: 0, attempt: assignment.attempt }
  await service.ack(token, report)
  const payload = rewriteHonestly(lake, input)
  return {
    ...{ lake, table, settings, stores, pass, nudge },
    complete: () => service.complete(token, { ...report, end: { kind: 'output', payload } }),
    managed: async () =>
      (await stores.tables.listTables({ limit: 9 })).map(({ tableId, name }) => [tableId, name.name]),
    find: async () => must((await stores.tables.listTables({ limit: 1 }))[0], 'the table'),
    async process() {
      const found = must(await stores.processes.findProcess(processId), 'the process')
      return [found.state.status, 'reason' in found.state ? found.state.reason : undefined] as [ProcessStatus, string?]
    },
    outputs: () => [...lake.files.keys()].filter((file) => file.endsWith('-out')),
    discards: async () => (await stores.discards.pageDiscards({ offset: 0, limit: 9 })).discards,
    async stop() {
      for (const each of services.toReversed()) await each.stop()
    },
  }
}

test('a table that gets another name in the middle of its process is committed to under that, and stays paused', async () => {
  const { lake, table, stores, pass, nudge, complete, managed, find, process, stop } = await setUp()
  await stores.state.apply(pauseTable(await find(), { since: T0, by: 'ana' }))
  renameSimulatedTable(lake, table, 'purchases')
  nudge({ to: 'explorer', catalog: 'lake' })
  await pass(1000)
  assert.deepEqual(await managed(), [[1, 'purchases']])
  assert.equal((await find()).pause?.by, 'ana')
  assert.deepEqual(await complete(), { kind: 'accepted' })
  await pass(5000)
  assert.equal((await process())[0], 'committing')
  await stores.state.apply(resumeTable(await find()))
  await pass(60_000)
  assert.equal((await process())[0], 'succeeded')
  assert.ok(isHealthy(lake, table))
  await stop()
})

test('one that nobody tells of is found by whoever looks at the table, also while it is committed to', async () => {
  const { lake, table, pass, complete, managed, process, stop } = await setUp()
  renameSimulatedTable(lake, table, 'purchases')
  await complete()
  await pass(600_000)
  assert.deepEqual(await managed(), [[1, 'purchases']])
  assert.equal((await process())[0], 'succeeded')
  await stop()
})

test('a table that is dropped in the middle of its process leaves no output behind', async () => {
  const { lake, pass, nudge, complete, managed, process, outputs, discards, stop } = await setUp()
  lake.tables.clear()
  nudge({ to: 'explorer', catalog: 'lake' })
  await pass(1000)
  assert.deepEqual(await managed(), [])
  assert.deepEqual(await process(), ['canceled', 'the table is not in its catalog any more'])
  assert.equal((await complete()).kind, 'refused')
  assert.deepEqual([outputs().length, (await discards()).map(({ table }) => table?.name)], [1, ['orders']])
  await pass(HOUR)
  assert.deepEqual([outputs(), await discards()], [[], []])
  await stop()
})

test('a table that moves to another group in the middle of its process is worked on by that, and leaves no output behind', async () => {
  const { lake, table, settings, pass, complete, managed, find, process, outputs, discards, stop } = await setUp()
  settings.group = 'etl'
  appendFile(lake, table, 'a')
  await pass(600_000)
  assert.deepEqual(await process(), ['canceled', "the table was moved to group 'etl' (self-optimizing.group)"])
  assert.equal((await complete()).kind, 'refused')
  await pass(HOUR)
  assert.deepEqual([outputs(), await discards(), await managed()], [[], [], [[1, 'orders']]])
  const { state, settings: known } = await find()
  assert.deepEqual([state.phase, known.group], ['pending', 'etl'])
  await stop()
})
