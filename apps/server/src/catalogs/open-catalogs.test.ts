import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { OBJECT_STORE_SERVICES } from '@moraine/storage/object-store-service'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { catalogListing } from './catalog-listing.ts'
import { sealCatalog } from './catalog-secrets.ts'
import { openCatalogs } from './open-catalogs.ts'
import { secretVault } from './secret-vault.ts'
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
  const open = openCatalogs({
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: { pointers: stores.drops, retentionMs: 0 },
    clock: virtualClock(),
    random,
    log: SILENT_LOG,
  })
  const save = (catalog: PlainCatalog) => stores.catalogs.saveCatalog(sealCatalog(catalog, vault))
  return { stores, open, save, random }
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

test('optimizers get every setting of storage, and nothing else of the catalog', async () => {
  const { open, save } = setUp()
  const settings = OBJECT_STORE_SERVICES.flatMap(({ options, otherSettings }) => [
    ...Object.keys(options),
    ...otherSettings,
  ])
  const storage = Object.fromEntries(settings.map((key) => [key, 'x']))
  const ofCatalog = { token: 'hunter2', credential: 'hunter2', 'jdbc.password': 'hunter2', 'hive.metastore.uris': 'x' }
  await save({ ...FILES, properties: { ...FILES.properties, ...storage, ...ofCatalog } })
  assert.deepEqual((await open('files')).storage, storage)
})

test("a catalog's defaults lie below what a table says itself", async () => {
  const { open, save } = setUp()
  await save({ ...FILES, properties: { ...FILES.properties, warehouse: join(root, 'defaults') } })
  const { catalog, tableDefaults } = await open('files')
  await catalog.createNamespace(['sales'], {})
  await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  const { properties } = (await withTableDefaults(catalog, tableDefaults).loadTable(ORDERS)).metadata
  assert.deepEqual([properties['owner'], properties['write.x']], ['me', 'y'])
  assert.equal((await catalog.loadTable(ORDERS)).metadata.properties['write.x'], undefined)
})
