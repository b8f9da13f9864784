import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ERROR_CODES } from '@moraine/api/error-codes'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { describeError, isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { OBJECT_STORE_SERVICES } from '@moraine/storage/object-store-service'
import { openStorage } from '@moraine/storage/open-storage'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import { restErrorOf } from '../iceberg-rest/rest-error.ts'
import { secretVault } from '../secrets/secret-vault.ts'
import { SILENT_LOG } from '../service/log.ts'
import { catalogListing } from './catalog-listing.ts'
import { sealCatalog } from './catalog-secrets.ts'
import { openCatalogs } from './open-catalogs.ts'
import { placesOfOthers } from './places-of-others.ts'
import { withTableDefaults } from './table-defaults.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-open-'))
after(() => rmSync(root, { recursive: true }))

const FILES: PlainCatalog = {
  name: 'files',
  type: 'filesystem',
  properties: { warehouse: root, 'table.owner': 'nobody', 'table.write.x': 'y' },
  storageConfig: {},
  authConfig: {},
}

function setUp() {
  const stores = memoryStores()
  const random = seededRandom(7)
  const vault = secretVault(random.bytes(32), random)
  const clock = virtualClock()
  const open = openCatalogs({
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: { pointers: stores.drops, retentionMs: 0 },
    others: placesOfOthers({ stores, vault, findMetadataLocation: async () => undefined }),
    clock,
    random,
    stagedKey: random.bytes(32),
    log: SILENT_LOG,
  })
  const save = (catalog: PlainCatalog) => stores.catalogs.saveCatalog(sealCatalog(catalog, vault))
  return { stores, open, save, random, clock }
}

function passSecond(clock: VirtualClock) {
  void clock.sleep(1000)
  clock.step()
}

test('a catalog is opened once, and anew after it is forgotten; filters count in its lists', async () => {
  const { open, save } = setUp()
  await save(FILES)
  const first = await open('files')
  assert.equal(await open('files'), first)
  await first.catalog.createNamespace(['sales'], {})
  await first.catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  await first.catalog.createTable({ ...ORDERS, name: 'clicks' }, SALES_ORDERS_TABLE)
  await first.catalog.createNamespace(['ads'], {})
  const listing = catalogListing(open)
  assert.deepEqual(await listing.listDatabases('files'), [['ads'], ['sales']])
  const properties = { ...FILES.properties, 'database-filter': 's.*', 'table-filter': String.raw`sales\.o.*` }
  await save({ ...FILES, properties })
  assert.equal(await open('files'), first)
  open.forget('files')
  assert.deepEqual(await listing.listDatabases('files'), [['sales']])
  assert.deepEqual(await listing.listTables('files', ['sales']), [{ name: 'orders', format: 'ICEBERG' }])
})

test('filters decide what is looked after, not what clients of the catalog see; one of no use lists nothing', async () => {
  const { open, save } = setUp()
  const withFilter = (text: string) =>
    save({ ...FILES, properties: { warehouse: join(root, 'filters'), 'database-filter': text } })
  await withFilter('(a+)+$')
  const { catalog } = await open('files')
  await catalog.createNamespace([`${'a'.repeat(40)}!`])
  const listing = catalogListing(open)
  assert.deepEqual(await listing.listDatabases('files'), [])
  await withFilter(String.raw`(a)\1.*`)
  open.forget('files')
  await assert.rejects(listing.listDatabases('files'), /properties\.database-filter .* back references/)
  assert.equal((await (await open('files')).catalog.listNamespaces([])).items.length, 1)
})

test('what another server changes is seen within a second, and asked for no oftener', async () => {
  const { stores, open, save, clock } = setUp()
  await save(FILES)
  const first = await open('files')
  let looks = 0
  const { findCatalogVersion } = stores.catalogs
  stores.catalogs.findCatalogVersion = (name) => {
    looks += 1
    return findCatalogVersion(name)
  }
  await save({ ...FILES, properties: { warehouse: join(root, 'moved') } })
  assert.equal(await open('files'), first)
  assert.equal(looks, 0)
  passSecond(clock)
  assert.equal((await open('files')).placement.warehouse, join(root, 'moved'))
  const second = await open('files')
  passSecond(clock)
  assert.deepEqual([await open('files'), await open('files')], [second, second])
  assert.equal(looks, 2)
  await stores.catalogs.removeCatalog('files')
  passSecond(clock)
  await assert.rejects(open('files'), (error) => isKind(error, 'not-found'))
})

test('connections are let go at the end', async () => {
  const { open, save } = setUp()
  const file = join(root, 'catalog.db')
  const properties = { uri: `jdbc:sqlite:${file}`, warehouse: root }
  await save({ ...FILES, name: 'sql', type: 'jdbc', properties })
  const { catalog } = await open('sql')
  assert.deepEqual(await catalog.listNamespaces([]), { items: [] })
  await open.close()
  await assert.rejects(catalog.listNamespaces([]))
})

test('settings of no use are said before anything is opened', async () => {
  const { open, save } = setUp()
  const file = join(root, 'unopened.db')
  const properties = { uri: `jdbc:sqlite:${file}`, warehouse: root, 'access-delegation': 'by-post' }
  await save({ ...FILES, name: 'sql', type: 'jdbc', properties })
  await assert.rejects(open('sql'), /"by-post" is none of them/)
  assert.equal(existsSync(file), false)
})

test('who gives up waiting for a catalog stops nobody else who waits for it', async () => {
  const { open, save } = setUp()
  await save(FILES)
  const impatient = new AbortController()
  const first = open('files', impatient.signal)
  const second = open('files')
  impatient.abort()
  await assert.rejects(first, (error) => isKind(error, 'aborted') && /opening catalog files/.test(error.message))
  assert.equal((await second).catalog.name, 'files')
  assert.equal(await open('files'), await second)
})

test('a catalog whose secrets cannot be opened fails, and others do not', async () => {
  const { stores, open, save, random } = setUp()
  await save(FILES)
  const far = { ...FILES, name: 'far', properties: { ...FILES.properties, token: 'hunter2' } }
  await stores.catalogs.saveCatalog(sealCatalog(far, secretVault(random.bytes(32), random)))
  await assert.rejects(
    open('far'),
    (error) => isKind(error, 'permission') && /catalog far was sealed/.test(error.message),
  )
  await save(far)
  assert.equal((await open('far')).catalog.name, 'far')
  assert.equal((await open('files')).catalog.name, 'files')
})

test('a registered catalog whose other side is not there is unavailable, with its words, and is asked again', async () => {
  const { open, save } = setUp()
  const answers = [
    { error: { message: 'Warehouse does not exist: tyop', type: 'NoSuchWarehouseException', code: 404 } },
    { message: 'no route' },
  ]
  const far = createServer((_, response) => {
    const answer = answers.shift()
    response.writeHead(answer === undefined ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { defaults: {}, overrides: {} }))
  })
  await new Promise<void>((done) => far.listen(0, '127.0.0.1', done))
  try {
    const address = far.address()
    assert.ok(address !== null && typeof address === 'object')
    const uri = `http://127.0.0.1:${address.port}/catalog`
    await save({ ...FILES, name: 'far', type: 'rest', properties: { uri, warehouse: 'tyop' } })
    const failures = [await open('far').catch(String), await open('far').catch((error: unknown) => error)]
    assert.match(
      String(failures[0]),
      /catalog far is registered here.*answered 404 NoSuch.*does not exist: tyop; check the uri and the warehouse/,
    )
    assert.ok(isKind(failures[1], 'unavailable'))
    assert.equal(restErrorOf(failures[1]).status, 503)
    assert.equal(ERROR_CODES[failures[1].kind].http, 503)
    assert.equal((await open('far')).catalog.name, 'far')
  } finally {
    far.close()
    far.closeAllConnections()
  }
  await assert.rejects(open('nowhere'), (error) => isKind(error, 'not-found'))
})

test('optimizers get every setting of storage, and nothing else of the catalog', async () => {
  const { open, save } = setUp()
  const settings = OBJECT_STORE_SERVICES.flatMap(({ options, otherSettings }) => [
    ...Object.keys(options),
    ...otherSettings,
  ])
  const storage = Object.fromEntries(settings.map((key) => [key, 'x']))
  const ofCatalog = { token: 'hunter2', credential: 'hunter2', 'jdbc.password': 'hunter2', 'hive.metastore.uris': 'x' }
  await save({ ...FILES, properties: { ...FILES.properties, ...storage, ...ofCatalog } })
  assert.deepEqual((await open('files')).storage, { ...storage, 'local.folders': JSON.stringify([root]) })
})

test('files of this machine belong to the catalogs whose warehouse or administrator names their folder', async () => {
  const { open, save } = setUp()
  const theirs = join(root, 'theirs')
  await save({ ...FILES, properties: { warehouse: theirs } })
  const file = join(theirs, 'rows.parquet')
  await (await open('files')).io.write(file, Buffer.from('rows'))
  await save({ ...FILES, name: 'ours', type: 'ams', properties: { warehouse: join(root, 'ours') } })
  const guards = await Promise.all(['files', 'ours'].map(async (name) => (await open(name)).keepOut !== undefined))
  assert.deepEqual(guards, [true, false], 'tables of others are kept out of ours')
  const metastore = { ...FILES, type: 'hive' as const, properties: { uri: 'thrift://127.0.0.1:1' } }
  const reach = async (name: string, catalog: Omit<PlainCatalog, 'name'>) => {
    await save({ ...catalog, name })
    const { io, storage } = await open(name)
    // Optimizers are held to the same.
    const ofTask = openStorage(storage, { clock: virtualClock(), random: seededRandom(1) })
    return Promise.all(
      [io, ofTask].map((each) => each.read(file).then((bytes) => Buffer.from(bytes).toString(), describeError)),
    )
  }
  const metastoreWith = (properties: PlainCatalog['properties']) => ({
    ...metastore,
    properties: { ...metastore.properties, ...properties },
  })
  const refusal = `${file} is a file of this machine that does not belong to the catalog`
  for (const [at, properties] of [
    {},
    { warehouse: 's3://lake/w' },
    { warehouse: 'prod' },
    { warehouse: 's3://lake/w', 'allow.external.table.location': 'true' },
    { warehouse: join(root, 'their') },
    { warehouse: theirs, 'local.folders': '' },
    { 'local.folders': join(root, 'ours') },
  ].entries()) {
    for (const seen of await reach(`no${at}`, metastoreWith(properties))) assert.ok(seen.startsWith(refusal), seen)
  }
  for (const [at, properties] of [
    { warehouse: `file:${theirs}` },
    { 'local.folders': `${join(root, 'ours')}, ${theirs}` },
    { warehouse: join(root, 'ours'), 'allow.external.table.location': 'true' },
  ].entries()) {
    assert.deepEqual(await reach(`yes${at}`, metastoreWith(properties)), ['rows', 'rows'])
  }
})

test("a catalog's defaults lie below what a table says itself", async () => {
  const { open, save } = setUp()
  const quota = { 'table.self-optimizing.quota': '2' }
  await save({ ...FILES, properties: { ...FILES.properties, ...quota, warehouse: join(root, 'defaults') } })
  const { catalog, tableDefaults } = await open('files')
  await catalog.createNamespace(['sales'], {})
  await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  const { properties } = (await withTableDefaults(catalog, tableDefaults).loadTable(ORDERS)).metadata
  assert.deepEqual([properties['owner'], properties['self-optimizing.quota']], ['me', '2'])
  assert.equal((await catalog.loadTable(ORDERS)).metadata.properties['self-optimizing.quota'], undefined)
})

test('a new table gets the defaults of its catalog, unless it comes with others, and the format version among them', async () => {
  const { open, save } = setUp()
  const defaults = { 'table.format-version': '3', 'table.write.x': 'y', 'table.self-optimizing.quota': '2' }
  await save({ ...FILES, properties: { warehouse: join(root, 'created'), ...defaults } })
  const { catalog } = await open('files')
  await catalog.createNamespace(['sales'], {})
  const plain = { ...SALES_ORDERS_TABLE, properties: {} }
  const created = await catalog.createTable(ORDERS, plain)
  assert.equal(created.metadata.formatVersion, 3)
  assert.equal(created.metadata.properties['write.x'], 'y')
  assert.equal(
    created.metadata.properties['self-optimizing.quota'],
    undefined,
    'holds for all tables, as it is at the time',
  )
  const own = { ...SALES_ORDERS_TABLE, properties: { 'format-version': '2', 'write.x': 'z' } }
  const other = await catalog.createTable({ ...ORDERS, name: 'other' }, own)
  assert.equal(other.metadata.formatVersion, 2)
  assert.equal(other.metadata.properties['write.x'], 'z')
  const staged = await catalog.stageTable({ ...ORDERS, name: 'staged' }, plain)
  assert.equal(staged.formatVersion, 3)
})
