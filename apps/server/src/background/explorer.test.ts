import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { patchTable } from '@moraine/management/store/state-change'
import { pauseTable } from '@moraine/management/tables/pause-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
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
  const identities = new Map<string, string | Error>()
  const identified: string[] = []
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
    maintenance: {
      async identify({ name }) {
        identified.push(name)
        const found = identities.get(name)
        if (found instanceof Error) throw found
        return found === undefined ? undefined : { metadataLocation: `/${name}/v9`, tableUuid: found }
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
  const evaluate = async (name: string, tableUuid: string) => {
    const table = (await raw.tables.listTables({ limit: 9999 })).find((each) => each.name.name === name)
    assert.ok(table)
    await raw.state.apply(recordEvaluation(table, buildEvaluation({ tableUuid }), T0))
    return table.tableId
  }
  return { clock, stores, tables, databases, identities, identified, added, rows, service, names, evaluate }
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
  // Too many to look into all of them: whether one was called otherwise before is settled by the next listing.
  for (let listings = 0; listings < 2; listings += 1) {
    service.nudge('lake')
    await quiet()
  }
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
  const { tables, identities, service, names } = await setUp()
  identities.set('visits', 'uuid-1')
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

test('a catalog that never answers keeps no other waiting, and is listed again when it has been given up', async () => {
  const { clock, tables, databases, service, names } = await setUp()
  databases.set('lake', new Promise<string[][]>(() => {}))
  tables.set('other', ['events', 'more'])
  service.nudge()
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'other.events', 'other.more'])
  tables.set('other', ['events', 'more', 'later'])
  service.nudge('other')
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'other.events', 'other.later', 'other.more'])
  const listed = Promise.withResolvers<string[][]>()
  databases.set('lake', listed.promise)
  tables.set('lake', ['orders'])
  // The listing that hangs ends by its deadline; then the catalog is listed as it was asked for meanwhile.
  listed.resolve([['sales', 'eu']])
  await clock.run(clock.sleep(10 * 60_000))
  await quiet()
  assert.deepEqual(await names(), ['lake.orders', 'other.events', 'other.later', 'other.more'])
  await service.stop()
})

test('a table that has another name stays what it is, also in another database', async () => {
  const { stores, tables, databases, identities, identified, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  const before = await stores.tables.findTable(tableId)
  assert.ok(before)
  await stores.state.apply(pauseTable(before, { since: T0, by: 'ana' }))
  identities.set('purchases', 'uuid-1').set('fresh', 'uuid-2')
  tables.set('lake', ['fresh', 'clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.fresh', 'lake.purchases', 'other.events'])
  assert.deepEqual(identified, ['fresh', 'purchases'])
  const renamed = await stores.tables.findTable(tableId)
  assert.deepEqual([renamed?.name.name, renamed?.pause?.by], ['purchases', 'ana'])
  databases.set('lake', [
    ['sales', 'eu'],
    ['sales', 'us'],
  ])
  tables.set('lake', ['fresh', 'clicks'])
  tables.set('lake/us', ['purchases'])
  service.nudge('lake')
  await quiet()
  const moved = await stores.tables.findTable(tableId)
  assert.deepEqual([moved?.name.namespace, moved?.pause?.by], [['sales', 'us'], 'ana'])
  await service.stop()
})

test('new tables are not looked into unless some are missing', async () => {
  const { tables, identified, service } = await setUp()
  tables.set('lake', ['orders', 'clicks', 'fresh'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(identified, [])
  await service.stop()
})

test('a table whose new name was listed before the old one was missed is found by its UUID', async () => {
  const { stores, tables, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  tables.set('lake', ['orders', 'clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  const double = await evaluate('purchases', 'uuid-1')
  assert.notEqual(double, tableId)
  tables.set('lake', ['clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.purchases', 'other.events'])
  assert.equal((await stores.tables.findTable(tableId))?.name.name, 'purchases')
  assert.equal(await stores.tables.findTable(double), undefined)
  await service.stop()
})

test('while a new table cannot be looked into none is forgotten that it may be', async () => {
  const { tables, identities, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  identities.set('purchases', new MoraineError('unavailable', 'the metastore does not answer'))
  tables.set('lake', ['clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'lake.purchases', 'other.events'])
  assert.notEqual(await evaluate('purchases', 'uuid-1'), tableId)
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.purchases', 'other.events'])
  assert.equal(await evaluate('purchases', 'uuid-1'), tableId)
  await service.stop()
})

test('another table that takes the place of one is not taken for it', async () => {
  const { stores, tables, identities, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  identities.set('purchases', 'uuid-2')
  tables.set('lake', ['clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.purchases', 'other.events'])
  assert.equal(await stores.tables.findTable(tableId), undefined)
  await service.stop()
})

test('a table that gets one more name while its catalog is listed is not forgotten', async () => {
  const { stores, tables, identities, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  tables.set('lake', ['clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'lake.purchases', 'other.events'])
  identities.set('sales', 'uuid-1')
  tables.set('lake', ['clicks', 'sales'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.sales', 'other.events'])
  assert.equal((await stores.tables.findTable(tableId))?.name.name, 'sales')
  await service.stop()
})

test('of a table that was taken for a new one the new one goes on to a third name, with its process', async () => {
  const { stores, tables, identities, service, names, evaluate } = await setUp()
  const tableId = await evaluate('orders', 'uuid-1')
  tables.set('lake', ['clicks', 'purchases'])
  service.nudge('lake')
  await quiet()
  const doubleId = await evaluate('purchases', 'uuid-1')
  const double = async () => must(await stores.tables.findTable(doubleId), 'the double')
  await stores.state.apply(beginPlanning(await double(), T0))
  await stores.state.apply(acceptPlan(await double(), buildWork(1), PROCESS_1, T0))
  identities.set('sales', 'uuid-1')
  tables.set('lake', ['clicks', 'sales'])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.orders', 'lake.sales', 'other.events'])
  assert.equal((await double()).name.name, 'sales')
  await stores.state.apply([patchTable(await double(), { state: { phase: 'idle', since: T0 } })])
  service.nudge('lake')
  await quiet()
  assert.deepEqual(await names(), ['lake.clicks', 'lake.sales', 'other.events'])
  assert.equal((await stores.tables.findTable(tableId))?.name.name, 'sales')
  await service.stop()
})
