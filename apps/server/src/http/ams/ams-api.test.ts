import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { NEVER_OPTIMIZED } from '@moraine/maintenance/plan/evaluate-partition'
import { ackTask } from '@moraine/management/optimizing/ack-task'
import { assignTask } from '@moraine/management/optimizing/assign-task'
import { completeTask } from '@moraine/management/optimizing/complete-task'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { patchTable } from '@moraine/management/store/state-change'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  buildEvaluation,
  buildOptimizer,
  buildWork,
  OUTPUT_FIGURES,
  PROCESS_1,
  SLOT_1,
  SNAPSHOT,
  T0,
} from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { VERSION } from '@moraine/stdx/version'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildOpened } from '../../catalogs/testing/build-opened.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const DESCRIPTION = {
  location: 's3://lake/sales/orders',
  uuid: 'c0ffee',
  formatVersion: 2,
  columns: [{ fieldId: 1, name: 'id', type: 'long', required: true, comment: undefined }],
  identifierFields: ['id'],
  partitionFields: [{ fieldId: 1000, name: 'day', sourceFieldId: 1, sourceName: 'id', transform: 'bucket[4]' }],
  properties: { 'adls.connection-string.a': 'AccountKey=hidden', owner: 'me' },
  comment: undefined,
  lastUpdatedMs: 5,
  lastCommittedAtMs: 4,
  dataFiles: 4,
  dataBytes: 401,
  records: 7,
}

/** A catalog of which only namespaces are asked for. */
const CATALOG = {
  name: 'lake',
  async loadNamespace(namespace: readonly string[]) {
    if (['sales', 'sales/eu'].includes(namespace.join('/'))) return {}
    throw new MoraineError('not-found', 'there is no such namespace')
  },
} as unknown as Catalog

async function setUp() {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.catalogs.saveCatalog({
    name: 'lake',
    type: 'ams',
    properties: { warehouse: 's3://lake', 's3.token': 'x' },
  })
  const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const server = await buildHttpServer(
    buildOptions({
      findCatalog: async () => buildOpened(CATALOG),
      stores,
      listing: {
        listDatabases: async (catalog) => {
          if (catalog === 'lake') return [['sales'], ['sales', 'eu']]
          throw new MoraineError('unavailable', 'the metastore does not answer')
        },
        listTables: async () => [
          { name: 'orders', format: 'ICEBERG' },
          { name: 'clicks', format: 'MIXED_ICEBERG' },
        ],
      },
      inspection: {
        describe: async () => DESCRIPTION,
        async checkRequest(_table, { filter, partitions: [first] = [] }) {
          if (first === 'day=9') throw new MoraineError('not-found', `no such partition: ${first}`)
          if (filter === 'day >') throw new MoraineError('invalid-input', `no such filter: ${filter}`)
        },
        explainPartitions: async () => ({
          partitions: ['day=1', 'day=3'].map((partitionPath) => ({
            partitionPath,
            due: undefined,
            finding: { text: 'nothing due', figures: {} },
            optimizedAt: NEVER_OPTIMIZED,
          })),
          total: 2,
        }),
        listSnapshots: async (_table, { offset, limit, operation }) => ({
          snapshots: [
            {
              snapshotId: 9_007_199_254_740_993n,
              parentSnapshotId: undefined,
              committedAtMs: offset,
              operation: `${operation}/${limit}`,
              producer: undefined,
              summary: { 'total-data-files': '3', 'total-records': '9' },
            },
          ],
          total: 1,
        }),
      },
      clock,
    }),
  )
  const call = async (method: 'GET' | 'POST', path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    const body = answer.json()
    assert.equal(body.code, answer.statusCode)
    return { status: answer.statusCode, result: body.result, message: body.message, kind: body.kind }
  }
  const table = async () => {
    const found = await stores.tables.findTable(tableId)
    assert.ok(found)
    return found
  }
  return { clock, stores, call, table }
}

/** A process with one task, which is running. */
async function startProcess({ stores, table, clock }: Awaited<ReturnType<typeof setUp>>) {
  const now = clock.now()
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'secret-hash' }])
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), now))
  await stores.state.apply(beginPlanning(await table(), now))
  await stores.state.apply(acceptPlan(await table(), buildWork(2), PROCESS_1, now))
  const task = async () => {
    const found = await stores.tasks.findTask(PROCESS_1, 1 as TaskId)
    assert.ok(found)
    return found
  }
  const sender = { ...SLOT_1, attempt: 1 }
  await stores.state.apply(assignTask(await task(), SLOT_1, now).changes)
  const acked = ackTask(await task(), sender, now)
  await stores.state.apply(acked.kind === 'accepted' ? acked.changes : [])
  return { task, sender }
}

const TABLE = '/tables/catalogs/lake/dbs/sales/tables/orders'

test('the service says what it is', async () => {
  const { call } = await setUp()
  assert.deepEqual((await call('GET', '/health/status')).result, { ams_ha_state: 'LEADER' })
  assert.equal((await call('GET', '/versionInfo')).result.version, VERSION)
})

test('catalogs are shown without secrets, databases and tables as their metastore has them', async () => {
  const { call } = await setUp()
  const [catalog] = (await call('GET', '/catalogs')).result
  assert.deepEqual(
    [catalog.catalogName, catalog.catalogType, catalog.catalogProperties],
    ['lake', 'ams', { warehouse: 's3://lake' }],
  )
  assert.deepEqual((await call('GET', '/catalogs/lake/databases?keywords=eu')).result, ['sales.eu'])
  assert.deepEqual((await call('GET', '/catalogs/lake/databases/sales.eu/tables')).result, [
    { name: 'clicks', type: 'ARCTIC' },
    { name: 'orders', type: 'ICEBERG' },
  ])
  assert.equal((await call('GET', '/catalogs/none/databases')).status, 404)
  assert.equal((await call('GET', '/catalogs/lake/databases/none/tables')).status, 404)
})

test('a table is described with its health and its verdict', async () => {
  const { call, stores, table } = await setUp()
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  const { result } = await call('GET', `${TABLE}/details`)
  assert.deepEqual(result.schema, [{ field: 'id', type: 'long', required: true, comment: null }])
  assert.deepEqual(result.properties, { owner: 'me' })
  assert.deepEqual(result.tableSummary, {
    file: 4,
    size: '401.00B',
    averageFile: '100.00B',
    records: 7,
    tableFormat: 'Iceberg(V2)',
    optimizingStatus: 'PENDING',
    healthScore: 60,
    smallFileScore: 10,
    equalityDeleteScore: 30,
    positionalDeleteScore: 20,
  })
  assert.equal(result.verdict.kind, 'no-optimizer')
  assert.equal((await call('GET', '/tables/catalogs/lake/dbs/sales/tables/none/details')).status, 404)
})

test('snapshots come in pages, with ids that lose no digit', async () => {
  const { call } = await setUp()
  const { result } = await call('GET', `${TABLE}/snapshots?page=3&pageSize=7&operation=optimizing`)
  assert.equal(result.total, 1)
  const [snapshot] = result.list
  assert.deepEqual(
    [snapshot.snapshotId, snapshot.commitTime, snapshot.operation],
    ['9007199254740993', 14, 'optimizing/7'],
  )
  assert.deepEqual([snapshot.fileCount, snapshot.records, snapshot.producer], [3, 9, 'INGESTION'])
})

test('a running process is listed with its tasks; all of them without a filter', async () => {
  const world = await setUp()
  const { task, sender } = await startProcess(world)
  const { call, stores, clock } = world
  const { result } = await call('GET', `${TABLE}/optimizing-processes`)
  const [process] = result.list
  assert.deepEqual(
    [result.total, process.processId, process.status, process.optimizingType, process.runningTasks, process.totalTasks],
    [1, PROCESS_1, 'RUNNING', 'MINOR', 1, 2],
  )
  assert.equal(process.summary['target-snapshot-id'], SNAPSHOT.toString())
  assert.equal((await call('GET', `${TABLE}/optimizing-processes?status=SUCCESS`)).result.total, 0)
  assert.equal((await call('GET', `${TABLE}/optimizing-processes?type=MINOR&status=RUNNING`)).result.total, 1)
  assert.equal((await call('GET', `${TABLE}/optimizing-processes?status=nonsense`)).status, 400)

  const found = await stores.processes.findProcess(PROCESS_1)
  assert.ok(found)
  const report = { kind: 'succeeded', payload: '{}', figures: OUTPUT_FIGURES } as const
  const done = completeTask(await task(), found, sender, report, clock.now())
  await stores.state.apply(done.kind === 'accepted' ? done.changes : [])
  const tasks = (await call('GET', `${TABLE}/optimizing-processes/${PROCESS_1}/tasks`)).result
  assert.deepEqual(
    tasks.list.map((one: Record<string, unknown>) => [one['taskId'], one['status'], one['optimizerToken']]),
    [
      [1, 'SUCCESS', 'optimizer-1'],
      [2, 'PLANNED', null],
    ],
  )
  assert.equal(tasks.list[0].outputFiles.totalSize, 12_000)
  const { method, records, elapsedMs, cpuMs, peakRssBytes } = OUTPUT_FIGURES
  assert.deepEqual(
    tasks.list.map((one: Record<string, unknown>) => one['cost']),
    [{ method, records, elapsedMs, cpuMs, peakRssBytes }, null],
  )
  assert.deepEqual(tasks.list[0].summary, {
    'input-data-files(rewrite)': '13',
    'input-data-size(rewrite)': '12.70KB',
    'output-data-files': '1',
    'output-data-size': '11.72KB',
    'output-data-records': '130',
    'retry-count': '0',
    'optimizer.token': 'optimizer-1',
    'optimizer.thread-id': '0',
  })
})

test('a process is canceled once; later it is a conflict, and that of another table is not found', async () => {
  const world = await setUp()
  await startProcess(world)
  const { call, stores } = world
  const path = (id: string) => `${TABLE}/optimizing-processes/${id}/cancel`
  assert.deepEqual((await call('POST', path(PROCESS_1))).result, { state: 'canceled' })
  assert.equal((await stores.processes.findProcess(PROCESS_1 as ProcessId))?.state.status, 'canceled')
  const again = await call('POST', path(PROCESS_1))
  assert.deepEqual([again.status, again.kind], [409, 'conflict'])
  assert.equal((await call('POST', path('42'))).status, 404)
  assert.equal((await call('POST', path('no-number'))).status, 400)
})

test('a table of a catalog that is not there is told from one that has not been found yet', async () => {
  const { call } = await setUp()
  const status = (catalog: string, name: string) =>
    call('GET', `/tables/catalogs/${catalog}/dbs/sales/tables/${name}/verdict`)
  for (const [catalog, name, says] of [
    ['lake', 'nothing', 'table lake.sales.nothing is not managed; it may not have been found yet'],
    ['lakke', 'orders', "there is no catalog 'lakke'; 'lake' is meant"],
    ['warehouse', 'orders', "there is no catalog 'warehouse'; `moraine catalog list` lists those there are"],
  ] as const) {
    const { status: code, message } = await status(catalog, name)
    assert.deepEqual([code, message], [404, says])
  }
})

test('of a table that a filter leaves out the filter is named', async () => {
  const { call, stores } = await setUp()
  const properties = { 'database-filter': 'sales|ads', 'table-filter': '(?!sales[.]tmp_).*' }
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties })
  const explain = async (db: string, name: string) => {
    const { status, message } = await call('GET', `/tables/catalogs/lake/dbs/${db}/tables/${name}/explain`)
    assert.equal(status, 404)
    return message
  }
  assert.equal(
    await explain('hr', 'staff'),
    "table lake.hr.staff is not managed; the database-filter of catalog 'lake' leaves out database 'hr': whoever manages the catalog can change it (moraine catalog change lake --property database-filter=...)",
  )
  assert.match(await explain('sales', 'tmp_1'), /; the table-filter of catalog 'lake' leaves out table 'sales.tmp_1': /)
  assert.match(await explain('sales', 'nothing'), /; it may not have been found yet$/)
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: { 'database-filter': '(' } })
  const broken = await call('GET', '/tables/catalogs/lake/dbs/hr/tables/staff/explain')
  assert.match(broken.message, /properties\.database-filter is no regular expression/)
})

test('a person can have a table optimized, and hears why not', async () => {
  const world = await setUp()
  const { call, table, stores } = world
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  const { result } = await call('POST', `${TABLE}/optimize`, { type: 'full', filter: 'day > 3' })
  assert.deepEqual([result.phase, result.kind], ['pending', 'no-optimizer'])
  assert.deepEqual((await table()).request, { type: 'full', filter: 'day > 3', requestedAt: T0, by: 'anybody' })
  assert.equal((await call('POST', `${TABLE}/optimize`, { type: 'gigantic' })).status, 400)
  assert.equal((await call('POST', `${TABLE}/optimize`)).status, 200)
  assert.deepEqual((await table()).request, { type: 'auto', requestedAt: T0, by: 'anybody' })
  await startProcess(world)
  const refused = await call('POST', `${TABLE}/optimize`, {})
  assert.equal(refused.status, 409)
  assert.equal(
    refused.message,
    `process ${PROCESS_1} of table lake.sales.orders is running already; ask again once it has ended, or cancel it first (\`moraine table cancel sales.orders --catalog lake\`)`,
  )
  const committing = { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  await stores.state.apply([patchTable(await table(), { state: committing })])
  const late = await call('POST', `${TABLE}/optimize`, {})
  assert.match(
    late.message,
    new RegExp(`^process ${PROCESS_1} of table lake.sales.orders is being committed, and cannot`),
  )
})

test('a table that was never looked at is optimized after that, and says so', async () => {
  const { call, table } = await setUp()
  const { result } = await call('POST', `${TABLE}/optimize`, { type: 'full' })
  assert.deepEqual([result.phase, result.kind], ['idle', 'not-evaluated'])
  assert.equal((await table()).request?.type, 'full')
})

test('a person can have partitions optimized; requests are taken together, or refused before anything is kept', async () => {
  const { call, table } = await setUp()
  const optimize = (body: object) => call('POST', `${TABLE}/optimize`, body)
  assert.equal((await optimize({ type: 'full', partitions: ['day=1'] })).status, 200)
  assert.equal((await optimize({ type: 'full', partitions: ['day=2', 'day=1'] })).status, 200)
  const both = { type: 'full', partitions: ['day=1', 'day=2'], requestedAt: T0, by: 'anybody' }
  assert.deepEqual((await table()).request, both)
  const { request, partitions } = (await call('GET', `${TABLE}/explain`)).result
  assert.deepEqual(request, { ...both, filter: null })
  assert.deepEqual(
    partitions.map((each: { partition: string; isRequested: boolean }) => [each.partition, each.isRequested]),
    [
      ['day=1', true],
      ['day=3', false],
    ],
  )
  for (const [body, status, says] of [
    [{ type: 'full', partitions: ['day=9'] }, 404, /no such partition: day=9/],
    [{ type: 'full', filter: 'day >' }, 400, /no such filter: day >/],
    [{ type: 'full', partitions: [] }, 400, /partitions/],
    [{ type: 'full', partitions: ['day=1', 'day=1'] }, 400, /partitions/],
    [{ type: 'full', partition: 'day=1' }, 400, /partition is not known; there are type, filter, partitions/],
    [{ type: 'minor', partitions: ['day=3'] }, 409, /lake\.sales\.orders waits to be planned for another request/],
    [{ type: 'full', filter: 'day > 3' }, 409, /ask with its type and filter/],
  ] as const) {
    const refused = await optimize(body)
    assert.deepEqual([refused.status, (await table()).request], [status, both], refused.message)
    assert.match(refused.message, says)
  }
  assert.equal((await optimize({})).status, 200)
  assert.deepEqual((await table()).request, { type: 'auto', requestedAt: T0, by: 'anybody' })
})

test('groups show their optimizers without credentials, and their tables, the busiest first', async () => {
  const world = await setUp()
  await startProcess(world)
  const { call, stores } = world
  await stores.tables.addTable({
    name: { catalog: 'lake', namespace: ['sales'], name: 'idle' },
    format: 'ICEBERG',
    createdAt: T0,
  })
  assert.deepEqual((await call('GET', '/optimize/optimizerGroups')).result, [{ optimizerGroupName: 'default' }])
  assert.deepEqual((await call('GET', '/optimize/optimizerGroups/default/info')).result, {
    resourceGroup: null,
    occupationCore: 2,
    occupationMemory: 1024,
  })
  const optimizers = await call('GET', '/optimize/optimizerGroups/default/optimizers')
  assert.equal(JSON.stringify(optimizers).includes('secret-hash'), false)
  assert.deepEqual([optimizers.result.list[0].token, optimizers.result.list[0].runningTasks], ['optimizer-1', 1])
  const tables = async (query: string) =>
    (await call('GET', `/optimize/optimizerGroups/all/tables${query}`)).result.list.map(
      (one: { tableName: string; optimizeStatus: string }) => `${one.tableName} ${one.optimizeStatus}`,
    )
  assert.deepEqual(await tables(''), ['lake.sales.orders minor', 'lake.sales.idle idle'])
  assert.deepEqual(await tables('?actions=idle'), ['lake.sales.idle idle'])
  assert.deepEqual(await tables('?pageSize=1&page=2'), ['lake.sales.idle idle'])
  assert.deepEqual(await tables('?dbSearchInput=sal&actions=full'), [])
  assert.deepEqual(await tables('?actions=idle&actions=minor&tableSearchInput=ord'), ['lake.sales.orders minor'])
  assert.equal((await call('GET', '/optimize/optimizerGroups/none/optimizers')).status, 404)
})

test('every failure has its status, its kind and its code, and tells nothing it should not', async () => {
  const { call, stores } = await setUp()
  assert.deepEqual(await call('GET', '/no/such/route'), {
    status: 404,
    result: undefined,
    message: 'no such route: GET /api/ams/v1/no/such/route',
    kind: 'not-found',
  })
  assert.equal((await call('GET', `${TABLE}/snapshots?page=0`)).status, 400)
  await stores.catalogs.saveCatalog({ name: 'down', type: 'rest', properties: {} })
  assert.deepEqual((await call('GET', '/catalogs/down/databases')).status, 503)
  stores.tables.findTableByName = () => {
    throw new TypeError('a secret detail')
  }
  const broken = await call('GET', `${TABLE}/verdict`)
  assert.deepEqual([broken.status, broken.kind, broken.message.includes('secret')], [500, 'internal', false])
})

test("words are Amoro's, in its order", async () => {
  const world = await setUp()
  await startProcess(world)
  assert.deepEqual((await world.call('GET', '/optimize/actions')).result, [
    'full',
    'major',
    'minor',
    'committing',
    'planning',
    'pending',
    'idle',
  ])
  const [optimizer] = (await world.call('GET', '/optimize/optimizerGroups/default/optimizers')).result.list
  assert.equal(optimizer.jobStatus, 'RUNNING')
  assert.equal((await world.call('GET', `${TABLE}/details`)).result.tableSummary.tableFormat, 'Iceberg(V2)')
})
