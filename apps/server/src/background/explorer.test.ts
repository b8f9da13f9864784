import assert from 'node:assert/strict'
import { test } from 'node:test'
import { T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { explorer } from './explorer.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

async function setUp() {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const rows: string[] = []
  const stores: typeof raw = {
    ...raw,
    tables: {
      ...raw.tables,
      async listTables(query) {
        const found = await raw.tables.listTables(query)
        rows.push(`${found.length} whole rows`)
        return found
      },
      async listTableNames(query) {
        const found = await raw.tables.listTableNames(query)
        rows.push(`${found.length} names`)
        return found
      },
    },
  }
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  await stores.catalogs.saveCatalog({ name: 'other', type: 'rest', properties: {} })
  const tables = new Map<string, readonly string[] | Error>([
    ['lake', ['orders', 'clicks']],
    ['other', ['events']],
  ])
  const databases = new Map<string, string[][] | Promise<string[][]>>()
  const added: number[] = []
  const service = explorer({
    stores,
    listing: {
      listDatabases: async (catalog) => databases.get(catalog) ?? [['sales', 'eu']],
      async listTables(catalog, [, database]) {
        const found = tables.get(database === 'eu' ? catalog : `${catalog}/${database}`) ?? []
        if (found instanceof Error) throw found
        return found.map((name) => ({ name, format: 'ICEBERG' }))
      },
    },
    intervalMs: 180_000,
    onTableAdded: (tableId) => added.push(tableId),
    clock,
    log: SILENT_LOG,
  })
  await service.start(new AbortController().signal)
  await quiet()
  const names = async () =>
    (await raw.tables.listTables({ limit: 9999 })).map(({ name }) => `${name.catalog}.${name.name}`).sort()
  return { clock, stores, tables, databases, added, rows, service, names }
}

test('tables of all catalogs are found, and looked at once', async () => {
  const { added, service, names, clock } = await setUp()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'other.events'])
  clock.step()
  await quiet()
  assert.deepEqual(added, [1, 2, 3])
  await service.stop()
})

test('of tables that are known nothing is read but their names', async () => {
  const { tables, service, rows, added } = await setUp()
  tables.set(
    'lake',
    Array.from({ length: 2500 }, (_, at) => `t${at}`),
  )
  service.nudge('lake')
  await quiet()
  rows.length = 0
  tables.set('lake', [...(tables.get('lake') as string[]), 'one-more'])
  service.nudge('lake')
  await quiet()
  assert.equal(added.length, 2504)
  const pages = ['1000 names', '1000 names', '500 names']
  assert.deepEqual(rows, pages)
  rows.length = 0
  service.nudge()
  await quiet()
  // Then the other catalog, and tables of catalogs that are not registered.
  assert.deepEqual(rows.toSorted(), ['0 names', '1 names', '1000 names', '1000 names', '501 names'])
  await service.stop()
})

test('tables that appear or vanish are noticed when their catalog is said to have changed', async () => {
  const { tables, service, names } = await setUp()
  tables.set('lake', ['orders', 'visits'])
  tables.set('other', [])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.orders', 'lake.visits', 'other.events'])
  await service.stop()
})

test('a catalog that cannot be listed loses no table, and disturbs no other', async () => {
  const { tables, service, names } = await setUp()
  tables.set('lake', new MoraineError('unavailable', 'the metastore does not answer'))
  tables.set('other', ['events', 'more'])
  service.nudge()
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'other.events', 'other.more'])
  assert.equal(service.lastRun()?.failure, undefined)
  await service.stop()
})

test('a database that cannot be listed loses no table, and disturbs no other of its catalog', async () => {
  const { tables, databases, service, names } = await setUp()
  databases.set('lake', [
    ['sales', 'eu'],
    ['sales', 'us'],
  ])
  tables.set('lake', new MoraineError('permission', 'not for you'))
  tables.set('lake/us', ['fresh'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.fresh', 'lake.orders', 'other.events'])
  databases.set('lake', [['sales', 'us']])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.fresh', 'other.events'])
  await service.stop()
})

test('tables of a catalog that was removed are forgotten, when it is told and when it is not', async () => {
  const { stores, service, names } = await setUp()
  await stores.catalogs.removeCatalog('lake')
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['other.events'])
  await stores.catalogs.removeCatalog('other')
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['other.events'])
  service.nudge()
  await quiet()
  assert.deepEqual(await names(), [])
  await service.stop()
})

test('a catalog that never answers keeps no other waiting', async () => {
  const { tables, databases, service, names } = await setUp()
  databases.set('lake', new Promise<string[][]>(() => {}))
  tables.set('other', ['events', 'more'])
  service.nudge()
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'other.events', 'other.more'])
  await service.stop()
})
