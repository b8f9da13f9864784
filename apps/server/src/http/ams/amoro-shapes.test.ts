import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { TableId, TaskId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import { ackTask } from '@moraine/management/optimizing/ack-task'
import { assignTask } from '@moraine/management/optimizing/assign-task'
import { type AttemptReport, completeTask } from '@moraine/management/optimizing/complete-task'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { settleCommit } from '@moraine/management/optimizing/settle-commit'
import { settleProcess } from '@moraine/management/optimizing/settle-process'
import { newProcessId } from '@moraine/management/records/optimizing-process'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import type { Stores } from '@moraine/management/store/stores'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import {
  at,
  buildEvaluation,
  buildOptimizer,
  buildWork,
  OUTPUT_FIGURES,
  SLOT_1,
  SNAPSHOT,
  T0,
} from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { allFiles } from '../../access/shown-files.ts'
import { buildOpened } from '../../catalogs/testing/build-opened.ts'
import { icebergInspection } from '../../table-work/iceberg-inspection.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'
import { differences, type JsonShape } from '../testing/json-shape.ts'

type Recorded = {
  readonly transcript: string
  /** GET if absent. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: object | undefined
  /** Absent of a refusal, which Amoro sends as HTTP 200 with `code` 500. */
  readonly result?: JsonShape
}

const RECORDED = JSON.parse(
  readFileSync(new URL('./fixtures/amoro-shapes.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

/** What is refused here, and with which status: all that Amoro refused, and the cancel of a process that has ended. */
const REFUSALS: Readonly<Record<string, number>> = {
  '16c-resource-group-create-duplicate': 409,
  '16d-resource-group-bad-name': 400,
  '90b-scale-out-unknown-group': 404,
  '93c-resource-group-delete-refused': 409,
  'a2-process-cancel-finished': 409,
}

/** It made the group that is here from the beginning. */
const FIRST_GROUP = '16-resource-group-create'
const OTHER_GROUP = { name: 'other', container: 'localContainer', properties: { memory: '1024' } }

/** Which table of another engine stands for which of the recorded ones. */
const TABLES: Readonly<Record<string, string>> = {
  'tdb.a': 'all-types',
  'gold.orders': 'pyiceberg-partitioned',
  'gold.plain': 'all-types',
  'gold.empty': 'empty',
  'bench.l400': 'pyiceberg-partitioned',
  'bench.lmaj': 'pyiceberg-partitioned',
  'bench.lpd': 'v3-deletion-vectors',
  'bench.m20k': 'pyiceberg-partitioned',
}

/** Their processes, all of which had ended when they were recorded. */
const PROCESSES: Readonly<Record<string, { readonly type: OptimizingType; readonly status: 'succeeded' | 'failed' }>> =
  {
    'gold.orders': { type: 'minor', status: 'succeeded' },
    'bench.l400': { type: 'minor', status: 'succeeded' },
    'bench.lmaj': { type: 'full', status: 'succeeded' },
    'bench.m20k': { type: 'minor', status: 'failed' },
  }

async function loadFixture(name: string) {
  const { fileIO, metadataLocation } = await openFixture(name)
  return {
    io: fileIO,
    metadataLocation,
    metadata: parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation),
  }
}

async function setUp() {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  await stores.groups.saveGroup({ name: 'local', container: 'local', properties: { memory: '1024' } })
  const inspection = icebergInspection(async ({ namespace, name }) => {
    const { io, ...loaded } = await loadFixture(must(TABLES[`${namespace.join('.')}.${name}`], name))
    const identifier = { namespace, name }
    const files = allFiles(io, { catalog: 'ams_ice', table: identifier, metadata: loaded.metadata })
    return { loaded: { identifier, ...loaded }, files, boundsFiles: false }
  })
  const server = await buildHttpServer(
    buildOptions({
      findCatalog: async () => buildOpened({ name: 'ams_ice', loadNamespace: async () => ({}) } as unknown as Catalog),
      stores,
      listing: {
        listDatabases: async () => [['gold'], ['bench']],
        listTables: async () => [{ name: 'orders', format: 'ICEBERG' }],
      },
      inspection,
      clock,
      containers: [
        { name: 'localContainer', kind: 'local', properties: { 'export.JAVA_HOME': '/opt/java' } },
        { name: 'externalContainer', kind: 'external', properties: {} },
      ],
    }),
  )
  const send = async ({ method = 'GET', path, body }: Pick<Recorded, 'method' | 'path' | 'body'>) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(body && { payload: body }) })
    return { status: answer.statusCode, body: answer.json() }
  }
  const call = async (request: Pick<Recorded, 'method' | 'path' | 'body'>) => {
    const { status, body } = await send(request)
    assert.equal(status, 200, `${request.path}: ${JSON.stringify(body)}`)
    return body.result
  }
  await stores.groups.saveGroup({ name: 'local', container: 'local', properties: {} })
  for (const [name, type, warehouse] of [
    ['fs_ice', 'filesystem', '/lake/fs'],
    ['ams_ice', 'ams', '/lake/ice'],
  ]) {
    const body = {
      name,
      type,
      optimizerGroup: 'local',
      tableFormatList: ['ICEBERG'],
      storageConfig: { 'storage.type': 'Hadoop' },
      authConfig: { 'auth.type': 'SIMPLE', 'auth.simple.hadoop_username': 'root' },
      properties: { warehouse },
      tableProperties: {},
    }
    await call({ method: 'POST', path: '/catalogs', body })
  }
  await stores.state.apply([
    { kind: 'add-optimizer', optimizer: { ...buildOptimizer(), group: 'local' }, tokenHash: 'secret-hash' },
  ])
  for (const key of Object.keys(TABLES)) {
    const [db = '', table = ''] = key.split('.')
    const name = { catalog: db === 'tdb' ? 'fs_ice' : 'ams_ice', namespace: [db], name: table }
    const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    const process = PROCESSES[key]
    if (process !== undefined) await endedProcess(stores, tableId, process)
  }
  return { call, send }
}

/** A process of one task, from the evaluation to its end. */
async function endedProcess(stores: Stores, tableId: TableId, { type, status }: (typeof PROCESSES)[string]) {
  const { state, tables, processes, tasks } = stores
  const processId = newProcessId(systemRandom, T0)
  const table = async () => must(await tables.findTable(tableId), 'table')
  const task = async () => must(await tasks.findTask(processId, 1 as TaskId), 'task')
  const open = async () => ({
    process: must(await processes.findProcess(processId), 'process'),
    table: await table(),
    tasks: await tasks.listTasks(processId),
  })
  const settings = { ...DEFAULT_TABLE_SETTINGS, group: 'local', executeRetries: 0 }
  await state.apply(recordEvaluation(await table(), buildEvaluation({ needed: type, settings }), T0))
  await state.apply(beginPlanning(await table(), T0))
  await state.apply(acceptPlan(await table(), buildWork(1, { type, settings }), processId, T0))
  await state.apply(assignTask(await task(), SLOT_1, T0).changes)
  const sender = { ...SLOT_1, attempt: 1 }
  const acked = ackTask(await task(), sender, at(1))
  await state.apply(acked.kind === 'accepted' ? acked.changes : [])
  const report: AttemptReport =
    status === 'succeeded'
      ? { kind: 'succeeded', payload: '{}', figures: OUTPUT_FIGURES }
      : { kind: 'failed', reason: 'no such file' }
  const done = completeTask(await task(), (await open()).process, sender, report, at(10))
  await state.apply(done.kind === 'accepted' ? done.changes : [])
  await state.apply(settleProcess(await open(), at(11)))
  if (status === 'succeeded') {
    const settled = { kind: 'settled', committed: [1 as TaskId], refused: [], snapshotId: SNAPSHOT } as const
    await state.apply(settleCommit(await open(), settled, at(12)))
  }
  assert.equal((await open()).process.state.status, status)
}

const { call, send } = await setUp()
const { metadata } = await loadFixture('pyiceberg-partitioned')
const ORDERS = '/tables/catalogs/ams_ice/dbs/gold/tables/orders'
const [partition] = (await call({ path: `${ORDERS}/partitions` })).list
const processIds = new Map<string, string>()
for (const key of Object.keys(PROCESSES)) {
  const [db, table] = key.split('.')
  const path = `/tables/catalogs/ams_ice/dbs/${db}/tables/${table}`
  processIds.set(path, (await call({ path: `${path}/optimizing-processes` })).list[0].processId)
}

/** The recorded request, with the ids and names of the tables that stand for the recorded ones. */
function pathHere(path: string): string {
  return path
    .replace('3621731063218781532', String(metadata.currentSnapshotId))
    .replace('ref=dev', 'ref=side')
    .replace(/partitions\/region.*\/files\?specId=0/, () => {
      return `partitions/${encodeURIComponent(partition.partition)}/files?specId=${partition.specId}`
    })
    .replace(/(.*)\/optimizing-processes\/\d+/, (_, table) => `${table}/optimizing-processes/${processIds.get(table)}`)
}

/** Lists that are empty here, whatever they were where it was recorded. */
const EMPTY_HERE: readonly string[] = ['75-operations', 'a4-snapshots-after']

for (const { transcript, path, result, ...request } of RECORDED) {
  const refusal = REFUSALS[transcript]
  test(`${transcript} ${refusal === undefined ? "has every field of Amoro's answer, with its type" : 'is refused'}`, async () => {
    const asked = { ...request, path: pathHere(path), body: transcript === FIRST_GROUP ? OTHER_GROUP : request.body }
    if (refusal === undefined) {
      const shape = must(result, transcript)
      return assert.deepEqual(differences(shape, await call(asked), '', EMPTY_HERE.includes(transcript)), [])
    }
    const { status, body } = await send(asked)
    assert.deepEqual([status, body.code], [refusal, refusal])
    assert.deepEqual(differences({ message: 'string', code: 'number', requestId: 'string' }, body), [])
  })
}

test('tables of a group are filtered by the parameter as Amoro writes it', async () => {
  const named = async (query: string) => {
    const { list } = await call({ path: `/optimize/optimizerGroups/all/tables?${query}` })
    return list.map(({ optimizeStatus }: { optimizeStatus: string }) => optimizeStatus)
  }
  assert.deepEqual(await named('actions[]=committing'), [])
  assert.deepEqual(new Set(await named('actions[]=idle&actions[]=full')), new Set(['idle']))
})
