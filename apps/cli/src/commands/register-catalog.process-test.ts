import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listedTable } from '@moraine/api/rest/catalog-schemas'
import { page } from '@moraine/api/rest/envelope'
import { managedTable } from '@moraine/api/rest/table-schemas'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { type ApiConnection, callApi } from '@moraine/client/api-connection'
import { catalogsApi } from '@moraine/client/catalogs-api'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
import { type TSchema, Type } from 'typebox'
import { appendOrders, createTableIn, type LakeTable, ORDERS_TABLE } from '../testing/lake-table.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// Two services: one keeps tables, the other has the first registered as a REST catalog, finds its tables and optimizes
// them. All through the API, by real processes; the second is killed and started again with and without its key.

const SECRET = 'hunter2-token'
const root = mkdtempSync(join(tmpdir(), 'moraine-register-'))
const running: StartedCli[] = []
after(async () => {
  for (const each of running.toReversed()) await each.stop()
  rmSync(root, { recursive: true, force: true })
})

const dataDir = join(root, 'optimizing')
const keeperUrl = await serviceUrl(serve(join(root, 'keeping')))
let service = serve(dataDir)
let url = await serviceUrl(service)
const thriftPort = /thrift port (\d+)/.exec(await service.line(/thrift port/))?.[1]
start(['optimizer', '--url', `thrift://127.0.0.1:${thriftPort}`, '--threads', '1'])

const uri = `${keeperUrl}/api/iceberg/rest`
const catalog = await openRestCatalog({ name: 'lake', properties: { uri, warehouse: 'lake' }, clock: systemClock })
for (const database of ['db', 'other']) await catalog.createNamespace([database], {})
const orders = await createOrdersIn('db', 'orders')
await createOrdersIn('db', 'skipped')
await createOrdersIn('other', 'orders')

const FAR = {
  name: 'far',
  type: 'rest',
  optimizerGroup: 'default',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'Hadoop' },
  authConfig: { 'auth.type': 'CUSTOM' },
  properties: {
    ...{ uri, warehouse: 'lake', 'database-filter': 'db', 'table-filter': String.raw`db\.ord.*` },
    // The token is for the catalog alone; keys travel to optimizers, though these tables are on this disk.
    'local.folders': join(root, 'keeping', 'warehouse'),
    ...{ token: SECRET, 's3.access-key-id': SECRET, 's3.secret-access-key': SECRET },
  },
  tableProperties: {},
}

test('a catalog is tested before it is saved, and the step that fails is named', { timeout: 60_000 }, async () => {
  const { passed, steps } = await catalogsApi(connection()).test('far', FAR)
  assert.deepEqual(
    [passed, steps.map((each) => `${each.step} ${each.outcome}`)],
    [true, ['reach passed', 'list passed', 'read passed', 'commit passed']],
  )
  assert.equal((await orders.load()).metadata.snapshots.length, 4)
  const nowhere = { ...FAR, properties: { ...FAR.properties, uri: `http://127.0.0.1:1/${SECRET}` } }
  const failed = await catalogsApi(connection()).test('far', nowhere)
  assert.deepEqual([failed.passed, failed.steps[0]?.outcome, failed.steps[1]?.outcome], [false, 'failed', 'skipped'])
  assert.doesNotMatch(JSON.stringify(failed), new RegExp(SECRET))
})

test('tables of a registered catalog are found and optimized, as far as its filters say', {
  timeout: 90_000,
}, async () => {
  const register = { method: 'POST', path: '/catalogs', query: { test: 'true' }, body: FAR } as const
  await callApi(connection(), { ...register, result: Type.String() })
  const rewrite = await eventually(
    'an optimized table',
    async () => {
      const { metadata } = await orders.load()
      return currentSnapshot(metadata)?.summary[PROCESS_MARK] === undefined ? undefined : currentSnapshot(metadata)
    },
    60_000,
  )
  assert.equal(rewrite?.summary['total-data-files'], '1')
  assert.deepEqual(await managed(), ['far.db.orders'])
  assert.deepEqual(await databases('far'), ['db'])
  assert.deepEqual(await get('/catalogs/far/databases/db/tables', Type.Array(listedTable)), [
    { name: 'orders', type: 'ICEBERG' },
  ])
})

test('a change of a catalog takes effect at once', { timeout: 60_000 }, async () => {
  const { token: _, ...withoutToken } = FAR.properties
  const properties = { ...withoutToken, 'table-filter': String.raw`db\.skipped` }
  await catalogsApi(connection()).change('far', { ...FAR, properties })
  await eventually('other tables', async () => ((await managed()).join() === 'far.db.skipped' ? true : undefined))
  assert.deepEqual((await catalogsApi(connection()).find('far')).secretsSet, [
    'properties/s3.access-key-id',
    'properties/s3.secret-access-key',
    'properties/token',
  ])
})

test('no secret lies in the clear, and without the key only the catalog that needs it fails', {
  timeout: 90_000,
}, async () => {
  assert.equal(await service.stop(), 0)
  for (const file of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    const path = join(dataDir, file)
    if (statSync(path).isFile()) assert.equal(readFileSync(path).includes(SECRET), false, path)
  }
  // Left by an earlier version.
  const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
  await stores.catalogs.saveCatalog({
    name: 'old',
    type: 'rest',
    properties: { uri, warehouse: 'lake', token: 'plain-token' },
  })
  await close()

  const key = join(dataDir, 'secret.key')
  assert.equal(statSync(key).mode & 0o777, 0o600)
  const text = readFileSync(key)
  rmSync(key)
  await restart()
  const lost = await fetch(`${url}/api/ams/v1/catalogs/far/databases`)
  const { message } = (await lost.json()) as { message: string }
  assert.deepEqual(
    [lost.status, /secret properties\/\S+ of catalog far was sealed with the key/.test(message)],
    [403, true],
  )
  assert.ok((await databases('old')).includes('db'))
  assert.deepEqual((await catalogsApi(connection()).find('old')).secretsSet, ['properties/token'])
  assert.deepEqual(
    (await managed()).filter((name) => name.startsWith('far.')),
    ['far.db.skipped'],
  )

  assert.equal(await service.stop(), 0)
  writeFileSync(key, text)
  chmodSync(key, 0o600)
  await restart()
  assert.deepEqual(await databases('far'), ['db'])
})

test('a catalog that is removed takes its tables out of management, and nothing else', {
  timeout: 60_000,
}, async () => {
  await catalogsApi(connection()).remove('far')
  await eventually('no tables', async () =>
    (await managed()).some((name) => name.startsWith('far.')) ? undefined : true,
  )
  assert.equal((await catalog.listTables(['db'])).items.length, 2)
})

function start(args: readonly string[]): StartedCli {
  const started = startCli(args)
  running.push(started)
  return started
}

function serve(directory: string): StartedCli {
  return start(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', directory])
}

async function restart(): Promise<void> {
  service = serve(dataDir)
  url = await serviceUrl(service)
}

async function createOrdersIn(database: string, name: string): Promise<LakeTable> {
  const table = await createTableIn(catalog, { namespace: [database], name }, ORDERS_TABLE)
  for (let at = 0; at < 4; at += 1) await appendOrders(table, at)
  return table
}

/** The service as it listens now; no answer of it has the secret. */
function connection(): ApiConnection {
  return {
    server: url,
    credentials: { kind: 'none' },
    clock: systemClock,
    async fetch(input, init) {
      const answer = await fetch(input, init)
      assert.doesNotMatch(await answer.clone().text(), new RegExp(SECRET))
      return answer
    },
  }
}

function get<T extends TSchema>(path: string, result: T) {
  return callApi(connection(), { method: 'GET', path, result })
}

function databases(name: string) {
  return get(`/catalogs/${name}/databases`, Type.Array(Type.String()))
}

async function managed(): Promise<readonly string[]> {
  const { list } = await get('/moraine/tables', page(managedTable))
  return list.map((table) => [table.catalog, table.database, table.tableName].join('.'))
}
