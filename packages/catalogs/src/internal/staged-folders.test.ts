import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { internalCatalog } from './internal-catalog.ts'

async function openOnDisk(context: TestContext) {
  const warehouse = await mkdtemp(join(tmpdir(), 'moraine-staged-'))
  context.after(() => rm(warehouse, { recursive: true }))
  const { pointers, drops } = memoryCatalogs()
  const random = seededRandom(5)
  const catalog = internalCatalog({
    ...{ name: 'lake', warehouse, pointers, drops: { pointers: drops, retentionMs: 0 } },
    ...{ io: localFileIO(random), clock: systemClock, random },
    onLeftover: (error) => assert.fail(String(error)),
  })
  await catalog.createNamespace(['sales'])
  const folders = async () => (await readdir(warehouse, { recursive: true })).sort()
  return { catalog, warehouse, folders }
}

test('a table that is staged on disks has folders for its files, and is not there for that', async (context) => {
  const { catalog, warehouse, folders } = await openOnDisk(context)
  const first = await catalog.stageTable(ORDERS, SALES_ORDERS_TABLE)
  assert.equal(first.location, `${warehouse}/sales/orders`)
  assert.deepEqual(await folders(), ['sales', 'sales/orders', 'sales/orders/data', 'sales/orders/metadata'])
  assert.deepEqual((await catalog.listTables(['sales'])).items, [])
  assert.deepEqual((await catalog.listNamespaces(['sales'])).items, [])
  // Empty folders keep nobody from the place.
  assert.equal((await catalog.stageTable(ORDERS, SALES_ORDERS_TABLE)).location, first.location)
  assert.equal((await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)).metadata.location, first.location)
  await catalog.dropTable(ORDERS)
  await catalog.dropNamespace(['sales'])
})

test('the folders are those that the properties name, and refused places get none', async (context) => {
  const { catalog, warehouse, folders } = await openOnDisk(context)
  const properties = {
    'write.data.path': `${warehouse}/sales/orders/rows/`,
    'write.metadata.path': `${warehouse}/sales/orders/about`,
  }
  await catalog.stageTable(ORDERS, { ...SALES_ORDERS_TABLE, properties })
  const made = ['sales', 'sales/orders', 'sales/orders/about', 'sales/orders/rows']
  assert.deepEqual(await folders(), made)
  for (const location of [`${warehouse}-beside/t`, `${warehouse}/../t`])
    await assert.rejects(catalog.stageTable({ ...ORDERS, name: 't' }, { ...SALES_ORDERS_TABLE, location }))
  assert.deepEqual(await folders(), made)
  await assert.rejects(readdir(`${warehouse}-beside`))
})
