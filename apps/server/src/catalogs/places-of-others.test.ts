import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { patchTable } from '@moraine/management/store/state-change'
import { buildEvaluation } from '@moraine/management/testing/build'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { secretVault } from '../secrets/secret-vault.ts'
import { SILENT_LOG } from '../service/log.ts'
import { type PurgeOutcome, purgeDropped } from '../table-work/purge-dropped.ts'
import { sealCatalog } from './catalog-secrets.ts'
import { type OpenCatalogs, openCatalogs } from './open-catalogs.ts'
import { type PlacesOfOthers, placesOfOthers } from './places-of-others.ts'

const NEVER = new AbortController().signal
const MINE: TableIdentifier = { namespace: ['sales'], name: 'mine' }
const root = mkdtempSync(join(tmpdir(), 'moraine-others-'))
let folders = 0
after(() => rmSync(root, { recursive: true }))

function plain(name: string, type: CatalogType, properties: PlainCatalog['properties']): PlainCatalog {
  return { name, type, properties, storageConfig: {}, authConfig: {} }
}

/** Folders and a database of their own, and catalogs that open as the service opens them. */
function setUp() {
  const stores = memoryStores()
  const random = seededRandom(7)
  const vault = secretVault(random.bytes(32), random)
  const clock = virtualClock()
  const drops = { pointers: stores.drops, retentionMs: 0 }
  const others: PlacesOfOthers = placesOfOthers({
    stores,
    vault,
    findMetadataLocation: async ({ catalog, ...table }, signal) =>
      (await open(catalog, signal)).catalog.findMetadataLocation(table, signal),
  })
  const deps = { store: stores.catalogs, vault, pointers: stores.pointers, drops, others, clock, random }
  const open: OpenCatalogs = openCatalogs({ ...deps, stagedKey: random.bytes(32), log: SILENT_LOG })
  folders += 1
  const folder = join(root, String(folders))
  mkdirSync(folder)
  const register = async (name: string, type: CatalogType, own: PlainCatalog['properties']) => {
    const properties = { ...own, 'local.folders': folder }
    await stores.catalogs.saveCatalog(sealCatalog(plain(name, type, properties), vault))
    const { catalog } = await open(name)
    await catalog.createNamespace(['sales'])
    return catalog
  }
  const jdbc = (name: string, warehouse: string) =>
    register(name, 'jdbc', { uri: `jdbc:sqlite:${folder}/${name}.db`, warehouse })
  const purge = async (catalog: Catalog, table: TableIdentifier): Promise<PurgeOutcome> => {
    await catalog.dropped?.dropTable(table, { purge: true })
    const [drop] = await stores.drops.listDueDrops(clock.now(), { offset: 0, limit: 1 })
    assert.ok(drop)
    const { io } = await open(catalog.name)
    return purgeDropped(drop, { io, drops: stores.drops, others, clock, checkLeads: () => {} }, NEVER)
  }
  /** As the explorer finds a table, and as it is once it was evaluated. */
  const manage = async (catalog: string, table: TableIdentifier, metadataLocation?: string) => {
    const added = await stores.tables.addTable({
      name: { catalog, ...table },
      format: 'ICEBERG',
      createdAt: clock.now(),
    })
    if (metadataLocation === undefined) return
    const evaluation = buildEvaluation({ metadataLocation })
    await stores.state.apply([patchTable(added, { evaluation })])
  }
  /** What was put there before anybody judged. */
  const put = (catalog: string, table: TableIdentifier, metadataLocation: string) =>
    stores.pointers.addPointer({ kind: 'table', catalog, ...table, metadataLocation })
  return { ...{ folder, open, register, jdbc, purge, manage, put, others, stores, vault } }
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => isKind(error, 'invalid-input') && message.test(error.message))
}

test('in the warehouse of another catalog nothing is registered or purged; what is new finds room there', async (context) => {
  const { folder, open, register, jdbc, purge, put } = setUp()
  context.after(() => open.close())
  const warehouse = `${folder}/wh`
  const far = await jdbc('far', warehouse)
  const theirs = await far.createTable(ORDERS, SALES_ORDERS_TABLE)
  const over = await register('over', 'ams', { warehouse: `file://${warehouse}` })
  const why = /is in, or around, the warehouse of another catalog that is registered here: choose/
  await refused(over.registerTable(ORDERS, theirs.metadataLocation), why)
  const { location } = theirs.metadata
  for (const place of [location, `${location}/sub`, `${warehouse}/sales`]) {
    await refused(over.createTable(MINE, { ...SALES_ORDERS_TABLE, location: place }), /is in, or around/)
  }
  const mine = await over.createTable(MINE, SALES_ORDERS_TABLE)
  assert.match((await purge(over, MINE)).kept ?? '', /^the warehouse of catalog far is around /)
  await put('over', ORDERS, theirs.metadataLocation)
  const { removedFiles, kept } = await purge(over, ORDERS)
  assert.deepEqual([removedFiles, kept], [0, `the warehouse of catalog far is around ${location}`])
  assert.equal((await far.loadTable(ORDERS)).metadataLocation, theirs.metadataLocation)
  assert.ok(await (await open('over')).io.stat(mine.metadataLocation))
})

test('where locations outside of the warehouse are allowed, those that another catalog uses are not', async (context) => {
  const { folder, open, register, jdbc, purge, put, manage } = setUp()
  context.after(() => open.close())
  const far = await jdbc('far', `${folder}/far`)
  const outside = `${folder}/outside/orders`
  const theirs = await far.createTable(ORDERS, { ...SALES_ORDERS_TABLE, location: outside })
  const inside = await far.createTable(MINE, SALES_ORDERS_TABLE)
  await manage('far', ORDERS, `file:${theirs.metadataLocation}`)
  const properties = { warehouse: `${folder}/wh`, 'allow.external.table.location': 'true' }
  const lake = await register('lake', 'ams', properties)
  await refused(lake.registerTable(ORDERS, inside.metadataLocation), /the warehouse of another catalog/)
  const table = /is in, or around, a table of another catalog that is registered here/
  await refused(lake.registerTable(ORDERS, theirs.metadataLocation), table)
  for (const place of [outside, `${outside}/data`, `${folder}/outside`]) {
    await refused(lake.createTable(MINE, { ...SALES_ORDERS_TABLE, location: place }), table)
  }
  await lake.createTable(MINE, { ...SALES_ORDERS_TABLE, location: `${folder}/elsewhere/mine` })
  await put('lake', ORDERS, theirs.metadataLocation)
  const { removedFiles, kept } = await purge(lake, ORDERS)
  assert.deepEqual([removedFiles, kept], [0, `table sales.orders of catalog far lies in, or around, ${outside}`])
  assert.equal((await far.loadTable(ORDERS)).metadataLocation, theirs.metadataLocation)
})

test('what another catalog took over is not purged, whether anybody has looked at it or not', async (context) => {
  for (const isSeen of [true, false]) {
    const { folder, open, register, jdbc, purge, manage } = setUp()
    context.after(() => open.close())
    const lake = await register('lake', 'ams', { warehouse: `${folder}/wh` })
    const mine = await lake.createTable(ORDERS, SALES_ORDERS_TABLE)
    const far = await jdbc('far', `${folder}/far`)
    await far.registerTable(MINE, mine.metadataLocation)
    await manage('far', MINE, isSeen ? mine.metadataLocation : undefined)
    const { removedFiles, kept } = await purge(lake, ORDERS)
    const { location } = mine.metadata
    assert.deepEqual([removedFiles, kept], [0, `table sales.mine of catalog far lies in, or around, ${location}`])
    assert.equal((await far.loadTable(MINE)).metadataLocation, mine.metadataLocation)
  }
})

test('while nobody can tell where a table of another catalog lies, what was dropped stays so', async (context) => {
  const { folder, open, register, purge, manage, stores } = setUp()
  context.after(() => open.close())
  const lake = await register('lake', 'ams', { warehouse: `${folder}/wh` })
  const mine = await lake.createTable(ORDERS, SALES_ORDERS_TABLE)
  const gone = `jdbc:sqlite:${folder}/gone/x.db`
  await stores.catalogs.saveCatalog(plain('far', 'jdbc', { uri: gone, warehouse: `${folder}/far` }))
  await manage('far', MINE)
  await assert.rejects(
    purge(lake, ORDERS),
    (error) => isKind(error, 'unavailable') && /where table far\.sales\.mine lies/.test(error.message),
  )
  assert.equal((await lake.dropped?.listDropped())?.items.length, 1)
  assert.ok(await (await open('lake')).io.stat(mine.metadataLocation))
})

test('tables of catalogs that lie apart are made, taken over and purged as ever', async (context) => {
  const { folder, open, register, jdbc, purge, manage } = setUp()
  context.after(() => open.close())
  const far = await jdbc('far', `${folder}/wh-far`)
  const theirs = await far.createTable(ORDERS, SALES_ORDERS_TABLE)
  await manage('far', ORDERS, theirs.metadataLocation)
  const lake = await register('lake', 'ams', { warehouse: `${folder}/wh` })
  const { location } = (await lake.createTable(ORDERS, SALES_ORDERS_TABLE)).metadata
  // Another catalog of the service in the same warehouse: its tables are known one by one.
  await register('second', 'ams', { warehouse: `${folder}/wh` })
  assert.deepEqual(await purge(lake, ORDERS), { removedFiles: 1 })
  mkdirSync(`${location}/metadata`, { recursive: true })
  writeFileSync(`${location}/metadata/x.metadata.json`, '')
  await lake.createTable(MINE, SALES_ORDERS_TABLE)
})

test('warehouses that overlap are told, spelled as they may be; names are no places', async () => {
  const { others, stores, vault } = setUp()
  for (const [name, type, warehouse] of [
    ['same', 'jdbc', 's3a://b/wh/'],
    ['inner', 'filesystem', 's3n://b/wh/x'],
    ['outer', 'hive', 's3://b'],
    ['apart', 'glue', 's3://b/wh2'],
    ['name', 'rest', 'wh'],
    ['own', 'ams', 's3://b/wh'],
    ['sealed', 'jdbc', 's3://ann:pw@b/wh'],
  ] as const) {
    await stores.catalogs.saveCatalog(sealCatalog(plain(name, type, { warehouse }), vault))
  }
  const overlaps = async (type: CatalogType, warehouse = 's3://b/wh') =>
    (await others.findOverlaps({ name: 'new', type, warehouse })).map(({ catalog, areBothOwn }) =>
      areBothOwn ? `${catalog} of ours` : catalog,
    )
  assert.deepEqual(await overlaps('ams'), ['inner', 'outer', 'own of ours', 'same'])
  assert.deepEqual(await overlaps('ams', 's3://b/wh/deep'), ['outer', 'own of ours', 'same'])
  assert.deepEqual(await overlaps('jdbc'), ['inner', 'outer', 'own', 'same'])
  assert.deepEqual(await others.findOverlaps({ name: 'new', type: 'rest', warehouse: 'wh' }), [])
  const { findWarehouse } = others
  for (const [name, warehouse, found] of [
    ['h1', 'hdfs:///wh', 'hdfs://nn:8020/wh/b/gold'],
    ['h2', 'webhdfs://nn:9870/wh2', 'hdfs://ns1/wh2/b/gold'],
    ['az', 'abfss://c@acc.dfs.core.windows.net/wh', 'wasb://c@ACC.blob.core.windows.net/wh/t'],
    ['g', 'gs://cloud/wh', 's3a://cloud/wh/t'],
  ] as const) {
    await stores.catalogs.saveCatalog(sealCatalog(plain(name, 'filesystem', { warehouse }), vault))
    assert.deepEqual(await findWarehouse('own', found), { catalog: name, isAround: true })
    assert.deepEqual(await overlaps('ams', found), [name])
  }
  assert.deepEqual(await findWarehouse('own', 's3://b/wh/t'), { catalog: 'outer', isAround: true })
  assert.deepEqual(await findWarehouse('own', 's3a://b/wh'), { catalog: 'inner', isAround: false })
  assert.deepEqual(await findWarehouse('same', 's3://b/wh2'), { catalog: 'apart', isAround: false })
  assert.equal((await findWarehouse('outer', 's3://b/wh3')) ?? MoraineError, MoraineError)
})
