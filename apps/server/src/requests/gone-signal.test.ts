import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { T0 } from '@moraine/management/testing/build'
import { systemClock } from '@moraine/stdx/clock'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { buildRegistry } from '../catalogs/testing/build-registry.ts'
import { httpServer } from '../http/http-server.ts'
import { buildOptions } from '../http/testing/build-options.ts'
import { SILENT_LOG } from '../service/log.ts'

const stores = memoryStores()
await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })

/** Work that ends only when it is told to, and who is told that it began, and why it ended. */
let began = Promise.withResolvers<void>()
let ended = Promise.withResolvers<unknown>()
async function endless(...args: readonly unknown[]): Promise<never> {
  const signal = args.at(-1)
  assert.ok(signal instanceof AbortSignal, 'it was given no signal')
  began.resolve()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  ended.resolve(signal.reason)
  throw signal.reason
}
type Silent = 'opening' | 'databases' | 'tables'
/** At what the catalog does not answer; at tables it never does. */
let silent: Silent = 'tables'
const LAKE = {
  name: 'lake',
  loadNamespace: async (...asked: readonly unknown[]) => (silent === 'databases' ? endless(...asked) : {}),
  createNamespace: endless,
  updateNamespace: endless,
  dropNamespace: endless,
  loadTable: endless,
  createTable: endless,
  renameTable: endless,
  dropTable: endless,
} as unknown as Catalog
const failures: unknown[] = []
const server = httpServer(
  buildOptions({
    stores,
    clock: systemClock,
    log: { ...SILENT_LOG, error: (fields) => void failures.push(fields) },
    registry: buildRegistry(stores, endless).registry,
    listing: { listDatabases: endless, listTables: endless },
    inspection: {
      describe: endless,
      listSnapshots: endless,
      listSnapshotFiles: endless,
      listOperations: endless,
      listPartitions: endless,
      listPartitionFiles: endless,
      listRefs: endless,
    },
    findCatalog: async (_, signal) => (silent === 'opening' ? endless(signal) : buildOpened(LAKE)),
  }),
)
await server.start(new AbortController().signal)
test.after(() => server.stop())

const TABLE = '/tables/catalogs/lake/dbs/sales/tables/orders'
const FORM = {
  name: 'far',
  type: 'filesystem',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'Hadoop' },
  authConfig: { 'auth.type': 'SIMPLE', 'auth.simple.hadoop_username': 'root' },
  properties: { warehouse: '/far' },
  tableProperties: {},
}
await stores.catalogs.saveCatalog({ name: 'stored', type: 'filesystem', properties: { warehouse: '/stored' } })

const asks = ['details', 'snapshots', 'snapshots/1/detail', 'operations', 'tags', 'branches', 'partitions']
type Asked = readonly [method: string, path: string, body?: object | undefined, silent?: Silent]
const DATABASES = '/catalogs/lake/databases'
const TABLES = `${DATABASES}/sales/tables`
const CREATION = { name: 'lines', columns: [{ name: 'id', type: 'long' }] }
const routes: readonly Asked[] = [
  ...asks.map((each) => ['GET', `${TABLE}/${each}`] as const),
  ['GET', `${TABLE}/partitions/null/files`],
  ['GET', '/catalogs/lake/databases'],
  ['GET', '/catalogs/lake/databases/sales/tables'],
  ['POST', '/catalogs/test'],
  ['POST', '/catalogs?test=true'],
  ['PUT', '/catalogs/stored?test=true'],
  ['GET', TABLES, undefined, 'opening'],
  ['GET', TABLES, undefined, 'databases'],
  ['GET', '/catalogs/lake/dropped-tables', undefined, 'opening'],
  ['POST', '/catalogs/lake/dropped-tables/1/restore', {}, 'opening'],
  ['POST', DATABASES, { name: 'hr' }],
  ['GET', `${DATABASES}/sales`, undefined, 'opening'],
  ['GET', `${DATABASES}/sales`, undefined, 'databases'],
  ['POST', `${DATABASES}/sales/properties`, { setProperties: { a: 'b' } }],
  ['DELETE', `${DATABASES}/sales`, {}],
  ['POST', TABLES, CREATION, 'opening'],
  ['POST', TABLES, CREATION, 'databases'],
  ['POST', TABLES, CREATION],
  ['GET', `${TABLES}/orders`],
  ['POST', `${TABLES}/orders`, { setProperties: { a: 'b' } }],
  ['POST', `${TABLES}/orders/rename`, { name: 'lines' }],
  ['DELETE', `${TABLES}/orders`, {}],
]
for (const [method, path, sent = FORM, mute = 'tables'] of routes) {
  test(`a client that hangs up ends ${method} ${path} (${mute})`, { timeout: 10_000 }, async () => {
    silent = mute
    began = Promise.withResolvers()
    ended = Promise.withResolvers()
    const client = new AbortController()
    const body = { body: JSON.stringify(sent), headers: { 'content-type': 'application/json' } }
    const answer = fetch(`${server.url()}/api/ams/v1${path}`, {
      ...{ method, signal: client.signal },
      ...(method !== 'GET' && body),
    })
    const said = answer.then(async (got) => assert.fail(await got.text()))
    await Promise.race([began.promise, said])
    client.abort()
    await assert.rejects(said, /abort/)
    assert.match(String(await ended.promise), /the client has gone/)
    assert.deepEqual(failures, [])
    assert.equal(await stores.catalogs.findCatalog('far'), undefined)
  })
}
