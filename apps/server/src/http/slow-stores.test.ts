import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { T0 } from '@moraine/management/testing/build'
import { seededRandom } from '@moraine/stdx/random'
import { aroundCalls } from '@moraine/storage/file-io-calls'
import { createSalesOrders, ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { buildRegistry } from '../catalogs/testing/build-registry.ts'
import { buildHttpServer, type HttpServerOptions } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

// Catalogs and stores that never answer: both interfaces do, in their time, and say what became of a change.

const AMS = '/api/ams/v1'
const REST = '/api/iceberg/rest/v1/catalogs/lake/namespaces'
const TABLE = '/tables/catalogs/lake/dbs/sales/tables/orders'
const DATABASES = '/catalogs/lake/databases'
const CHANGE = { setProperties: { a: 'x' } }
const NEVER = new Promise<never>(() => {})
const never = () => NEVER

type Request = readonly [method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object]

async function setUp(parts: Parameters<typeof buildOptions>[0]) {
  const clock = virtualClock(T0)
  const stores = parts?.stores ?? memoryStores()
  const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: { warehouse: 's3://lake' } })
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const options: HttpServerOptions = buildOptions({ ...parts, stores, clock })
  const server = await buildHttpServer(options)
  /** All at once; when each was answered, and how. */
  const askAll = async (requests: readonly Request[]) => {
    let left = requests.length
    const answers = requests.map(async ([method, url, payload]) => {
      const answer = await server.inject({ method, url, ...(payload && { payload }) })
      left -= 1
      return { afterMs: clock.now() - T0, status: answer.statusCode, text: answer.body }
    })
    // Until all wait for what never comes.
    for (let turn = 0; turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    while (left > 0) {
      clock.step()
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      assert.ok(clock.now() - T0 < 600_000, `${left} are not answered`)
    }
    return Promise.all(answers)
  }
  return { askAll, stores, options }
}

test('what asks a catalog that never answers is answered in its time', async () => {
  const stores = memoryStores()
  const { askAll } = await setUp({
    stores,
    findCatalog: never,
    listing: { listDatabases: never, listTables: never },
    inspection: {
      describe: never,
      listSnapshots: never,
      listSnapshotFiles: never,
      listOperations: never,
      listPartitions: never,
      checkRequest: never,
      listPartitionFiles: never,
      explainPartitions: never,
      listRefs: never,
    },
    registry: buildRegistry(stores, never).registry,
  })
  const ams = (method: Request[0], path: string, body?: object): Request =>
    body === undefined ? [method, `${AMS}${path}`] : [method, `${AMS}${path}`, body]
  const reads = [
    ams('GET', DATABASES),
    ams('GET', `${DATABASES}/sales`),
    ams('GET', `${DATABASES}/sales/tables`),
    ams('GET', `${DATABASES}/sales/tables/orders`),
    ams('GET', '/catalogs/lake/dropped-tables'),
    ...['details', 'snapshots', 'snapshots/1/detail', 'operations', 'partitions', 'partitions/a/files', 'tags'].map(
      (each) => ams('GET', `${TABLE}/${each}`),
    ),
    ams('GET', `${TABLE}/branches`),
    ['GET', `${REST}/sales/tables/orders`],
    ['GET', '/api/iceberg/rest/v1/config?warehouse=lake'],
  ] as const satisfies readonly Request[]
  const column = { name: 'id', type: 'long' }
  const far = { name: 'far', type: 'jdbc', properties: { uri: 'jdbc:sqlite:x', warehouse: '/x' } }
  const form = { tableFormatList: ['ICEBERG'], storageConfig: {}, authConfig: {}, tableProperties: {} }
  const changes = [
    ams('POST', DATABASES, { name: 'new' }),
    ams('POST', `${DATABASES}/sales/properties`, CHANGE),
    ams('DELETE', `${DATABASES}/sales`),
    ams('POST', `${DATABASES}/sales/tables`, { name: 'new', columns: [column] }),
    ams('POST', `${DATABASES}/sales/tables/orders`, CHANGE),
    ams('POST', `${DATABASES}/sales/tables/orders/rename`, { name: 'sold' }),
    ams('DELETE', `${DATABASES}/sales/tables/orders`),
    ams('POST', '/catalogs/lake/dropped-tables/1/restore', {}),
    ams('POST', `${TABLE}/optimize`, { partitions: ['a'] }),
    ams('POST', '/catalogs?test=true', { ...far, ...form, optimizerGroup: 'default' }),
    ams('POST', '/catalogs/test', { ...far, ...form, name: 'other', optimizerGroup: 'default' }),
    ['POST', `${REST}/sales/tables/orders`, { requirements: [], updates: [] }],
  ] as const satisfies readonly Request[]
  const answers = await askAll([...reads, ...changes])
  for (const [at, [method, path]] of [...reads, ...changes].entries()) {
    const { afterMs, status, text } = answers[at] ?? assert.fail()
    const what = `${method} ${path}: ${text}`
    const isRead = at < reads.length
    assert.equal(afterMs, isRead ? 30_000 : 65_000, what)
    if (isRead) assert.equal(status, path.startsWith(AMS) ? 504 : 503, what)
    else assert.equal(status, 500, what)
    const remedy = isRead ? /did not end within 30000 ms; try again later/ : /may or may not .* 60000 ms; look at what/
    assert.match(text, remedy, what)
  }
})

test('what bears on a table is told though its files cannot be looked at', async () => {
  const { askAll } = await setUp({ inspection: { explainPartitions: never } })
  const [answer] = await askAll([['GET', `${AMS}${TABLE}/explain`]])
  assert.deepEqual([answer?.afterMs, answer?.status], [30_000, 200], answer?.text)
  assert.match(answer?.text ?? '', /"partitionsFailure":"[^"]*did not end within 30000 ms/)
})

test('tables of a store that never ends a call are left as they were, or nobody knows', async () => {
  const stores = memoryStores()
  const io = memoryFileIO()
  const open = (files: typeof io) =>
    internalCatalog({
      name: 'lake',
      warehouse: 's3://lake',
      pointers: stores.pointers,
      drops: { pointers: stores.drops, retentionMs: 1000 },
      io: files,
      clock: virtualClock(T0),
      random: seededRandom(7),
      onLeftover: () => undefined,
    })
  const deaf = open({ ...io, ...aroundCalls(io, never) })
  const { askAll } = await setUp({
    stores,
    findCatalog: findAmong({
      lake: buildOpened(deaf, { placement: { type: 'ams', warehouse: 's3://lake', allowsExternal: false } }),
    }),
  })
  const well = open(io)
  const before = await createSalesOrders({ catalog: well })
  const column = { name: 'id', type: 'long' }
  const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
  const requests = [
    ['POST', `${AMS}${DATABASES}/sales/tables`, { name: 'one', columns: [column] }],
    ['POST', `${REST}/sales/tables`, { name: 'two', schema }],
    ['POST', `${AMS}${DATABASES}/sales/tables/orders`, CHANGE],
    ['DELETE', `${AMS}${DATABASES}/sales/tables/orders`],
    ['DELETE', `${REST}/sales/tables/orders`],
  ] as const satisfies readonly Request[]
  const answers = await askAll(requests)
  for (const [at, [method, path]] of requests.entries()) {
    const { afterMs, status, text } = answers[at] ?? assert.fail()
    const what = `${method} ${path}: ${text}`
    assert.ok(afterMs >= 60_000 && afterMs <= 65_000, `${what} after ${afterMs} ms`)
    const isUnknown = /may or may not have been made/.test(text)
    assert.equal(status, isUnknown ? 500 : path.startsWith(AMS) ? 504 : 503, what)
    assert.match(text, /look at what it was to change before it is asked for again/, what)
  }
  assert.deepEqual(await well.loadTable(ORDERS), before)
  assert.deepEqual((await well.listTables(['sales'])).items, [ORDERS])
})
