import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
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
    ...{ token: SECRET, 's3.access-key-id': SECRET, 's3.secret-access-key': SECRET },
  },
  tableProperties: {},
}

test('a catalog is tested before it is saved, and the step that fails is named', { timeout: 60_000 }, async () => {
  const { passed, steps } = await call('POST', '/catalogs/test', FAR)
  assert.deepEqual(
    [passed, steps.map((each: { step: string; outcome: string }) => `${each.step} ${each.outcome}`)],
    [true, ['reach passed', 'list passed', 'read passed', 'commit passed']],
  )
  assert.equal((await orders.load()).metadata.snapshots.length, 4)
  const nowhere = { ...FAR, properties: { ...FAR.properties, uri: `http://127.0.0.1:1/${SECRET}` } }
  const failed = await call('POST', '/catalogs/test', nowhere)
  assert.deepEqual([failed.passed, failed.steps[0].outcome, failed.steps[1].outcome], [false, 'failed', 'skipped'])
  assert.doesNotMatch(JSON.stringify(failed), new RegExp(SECRET))
})

test('tables of a registered catalog are found and optimized, as far as its filters say', {
  timeout: 90_000,
}, async () => {
  await call('POST', '/catalogs?test=true', FAR)
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
  assert.deepEqual(await call('GET', '/catalogs/far/databases'), ['db'])
  assert.deepEqual(await call('GET', '/catalogs/far/databases/db/tables'), [{ name: 'orders', type: 'ICEBERG' }])
})

test('a change of a catalog takes effect at once', { timeout: 60_000 }, async () => {
  const { token: _, ...withoutToken } = FAR.properties
  const properties = { ...withoutToken, 'table-filter': String.raw`db\.skipped` }
  await call('PUT', '/catalogs/far', { ...FAR, properties })
  await eventually('other tables', async () => ((await managed()).join() === 'far.db.skipped' ? true : undefined))
  assert.deepEqual((await call('GET', '/catalogs/far')).secretsSet, [
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
  assert.ok((await call('GET', '/catalogs/old/databases')).includes('db'))
  assert.deepEqual((await call('GET', '/catalogs/old')).secretsSet, ['properties/token'])
  assert.deepEqual(
    (await managed()).filter((name) => name.startsWith('far.')),
    ['far.db.skipped'],
  )

  assert.equal(await service.stop(), 0)
  writeFileSync(key, text)
  chmodSync(key, 0o600)
  await restart()
  assert.deepEqual(await call('GET', '/catalogs/far/databases'), ['db'])
})

test('a catalog that is removed takes its tables out of management, and nothing else', {
  timeout: 60_000,
}, async () => {
  await call('DELETE', '/catalogs/far')
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

// Answers are looked at field by field.
// biome-ignore lint/suspicious/noExplicitAny: what a route answers is what the assertions are about
async function call(method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`${url}/api/ams/v1${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await answer.text()
  assert.equal(answer.status, 200, `${method} ${path}: ${text}`)
  assert.doesNotMatch(text, new RegExp(SECRET))
  return JSON.parse(text).result
}

async function managed(): Promise<readonly string[]> {
  const { list } = await call('GET', '/moraine/tables?pageSize=100')
  return list.map((table: { catalog: string; database: string; tableName: string }) =>
    [table.catalog, table.database, table.tableName].join('.'),
  )
}
