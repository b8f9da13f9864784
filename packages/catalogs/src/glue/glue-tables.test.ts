import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, test } from 'node:test'
import { isOutcomeUnknown } from '@moraine/stdx/error'
import { createSalesOrders, ORDERS, rejectsAs, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { LoadedTable } from '../catalog.ts'
import type { GlueCatalog } from './glue-catalog.ts'
import { type FakeGlueDatabase, startFakeGlue } from './testing/fake-glue.ts'
import { openTestGlue } from './testing/glue-conformance.ts'
import { type GlueFault, startLossyGlueProxy } from './testing/lossy-glue-proxy.ts'

const COPY = { namespace: ['sales'], name: 'copy' }
const DENIED: GlueFault = { status: 400, type: 'AccessDeniedException', isApplied: false }

const fake = await startFakeGlue()
const proxy = await startLossyGlueProxy(fake.endpoint)
after(async () => {
  await proxy.close()
  await fake.stop()
})

let catalog: GlueCatalog
let other: GlueCatalog
let created: LoadedTable
let sales: FakeGlueDatabase
beforeEach(async () => {
  fake.databases.clear()
  const io = memoryFileIO()
  catalog = await openTestGlue(proxy.endpoint, io, { warehouse: 's3://b/wh' })
  other = await openTestGlue(fake.endpoint, io, { warehouse: 's3://b/wh' })
  created = await createSalesOrders({ catalog: other })
  const found = fake.databases.get('sales')
  assert.ok(found)
  sales = found
})
afterEach(async () => {
  assert.equal(proxy.pending(), 0, 'every fault happened')
  await catalog.close()
  await other.close()
})

function addHiveTable(name: string): void {
  sales.tables.set(name, { input: { Name: name, Parameters: { classification: 'csv' } }, version: 0, createTime: 1 })
}

test('tables of other kinds are not listed and not found, and their names are taken', async () => {
  addHiveTable('plain')
  sales.tables.set('bare', { input: { Name: 'bare' }, version: 0, createTime: 1 })
  assert.deepEqual(await catalog.listTables(['sales']), { items: [ORDERS] })
  const plain = { namespace: ['sales'], name: 'plain' }
  await rejectsAs('not-found', 'plain', catalog.loadTable(plain))
  await rejectsAs('not-found', 'plain', catalog.dropTable(plain))
  await rejectsAs('already-exists', 'plain', catalog.createTable(plain, SALES_ORDERS_TABLE))
  assert.equal(await catalog.findMetadataLocation(plain), undefined)
  await catalog.dropTable(ORDERS)
  await rejectsAs('conflict', 'no Iceberg table', catalog.dropNamespace(['sales']))
})

test('the pages of Glue are passed on, one that has nothing of ours too', async () => {
  for (let number = 0; number < 250; number += 1) addHiveTable(`plain_${number}`)
  await catalog.registerTable(COPY, created.metadataLocation)
  const pages: (readonly string[])[] = []
  let page: string | undefined
  do {
    const { items, nextPage } = await catalog.listTables(['sales'], page)
    pages.push(items.map(({ name }) => name))
    page = nextPage
  } while (page !== undefined)
  assert.deepEqual(pages, [['orders'], [], ['copy']])

  for (let number = 0; number < 120; number += 1) await other.createNamespace([`n${number}`])
  const first = await catalog.listNamespaces([])
  const second = await catalog.listNamespaces([], first.nextPage)
  assert.deepEqual([first.items.length, second.items.length, second.nextPage], [100, 21, undefined])
})

test('a listing that Glue throttles goes on after a pause', async () => {
  proxy.next('GetTables', { status: 400, type: 'ThrottlingException', isApplied: false })
  assert.deepEqual(await catalog.listTables(['sales']), { items: [ORDERS] })
})

test('names may be asked for in either case, as Glue keeps them in lower case', async () => {
  assert.deepEqual(await catalog.loadTable({ namespace: ['Sales'], name: 'ORDERS' }), created)
  await rejectsAs('unsupported', 'Copy', catalog.createTable({ ...COPY, name: 'Copy' }, SALES_ORDERS_TABLE))
  const lenient = await openTestGlue(fake.endpoint, memoryFileIO(), {
    'glue.skip-name-validation': 'true',
    warehouse: 's3://b/wh',
  })
  await lenient.createNamespace(['with-dash'])
  await rejectsAs('unsupported', 'Copy', lenient.createNamespace(['Copy']))
  await lenient.close()
})

test('a database keeps its location, comment and what others gave it', async () => {
  await catalog.createNamespace(['hr'], { location: 's3://b/hr', comment: 'people', owner: 'me' })
  const hr = fake.databases.get('hr')
  assert.ok(hr)
  assert.deepEqual(hr.input, {
    Name: 'hr',
    LocationUri: 's3://b/hr',
    Description: 'people',
    Parameters: { owner: 'me' },
  })
  hr.input = { ...hr.input, TargetDatabase: { DatabaseName: 'elsewhere' } }
  await catalog.updateNamespace(['hr'], { set: { team: 'a' }, remove: ['comment'] })
  assert.deepEqual(await catalog.loadNamespace(['hr']), { owner: 'me', team: 'a', location: 's3://b/hr' })
  assert.deepEqual(hr.input['TargetDatabase'], { DatabaseName: 'elsewhere' })
  const { metadata } = await catalog.createTable({ namespace: ['hr'], name: 'staff' }, SALES_ORDERS_TABLE)
  assert.equal(metadata.location, 's3://b/hr/staff')
})

test('who gives up on a change of a database that was sent does not know whether it was made', async () => {
  for (const [operation, change] of [
    ['CreateDatabase', (signal: AbortSignal) => catalog.createNamespace(['hr'], {}, signal)],
    [
      'UpdateDatabase',
      (signal: AbortSignal) => catalog.updateNamespace(['sales'], { set: { a: 'b' }, remove: [] }, signal),
    ],
  ] as const) {
    const gone = new AbortController()
    proxy.before(operation, async () => gone.abort())
    await assert.rejects(change(gone.signal), (error) => isOutcomeUnknown(error) && /look at it/.test(String(error)))
  }
})

test('a table of S3 Tables is not created through Glue, and says where it is', async () => {
  sales.input = { ...sales.input, FederatedDatabase: { ConnectionType: 'aws:s3tables' } }
  await rejectsAs('unsupported', 'REST', catalog.createTable(COPY, SALES_ORDERS_TABLE))
})

test('a drop whose answer is lost is found, and does not take the next table of the name with it', async () => {
  proxy.next('DeleteTable', 'lose-answer')
  proxy.before('DeleteTable', async () => {
    proxy.before('GetTable', async () => void (await other.createTable(ORDERS, SALES_ORDERS_TABLE)))
  })
  await catalog.dropTable(ORDERS)
  assert.notEqual((await other.loadTable(ORDERS)).metadata.tableUuid, created.metadata.tableUuid)
  proxy.next('DeleteTable', 'lose-request')
  await catalog.dropTable(ORDERS)
  assert.equal(sales.tables.size, 0)
})

const commit = () =>
  other.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { late: 'yes' } }] })

test('a commit that comes before a rename stops it, and one that comes during it is refused', async () => {
  proxy.before('UpdateTable', async () => void (await commit()))
  await rejectsAs('conflict', 'sales.orders', catalog.renameTable(ORDERS, COPY))
  const late = await other.loadTable(ORDERS)
  assert.equal(late.metadata.properties['late'], 'yes')

  proxy.before('CreateTable', async () => {
    await rejectsAs('unavailable', 'being renamed to ["sales","copy"]', other.loadTable(ORDERS))
    await rejectsAs('not-found', 'sales.orders', commit())
  })
  await catalog.renameTable(ORDERS, COPY)
  assert.deepEqual(await other.loadTable(COPY), { ...late, identifier: COPY })
  assert.deepEqual(Object.keys(sales.tables.get('copy')?.input['Parameters'] ?? {}).sort(), [
    'metadata_location',
    'previous_metadata_location',
    'table_type',
  ])
})

test('a rename that Glue refuses half way leaves the table under its old name', async () => {
  const before = sales.tables.get('orders')?.input
  proxy.next('CreateTable', DENIED)
  await rejectsAs('permission', 'sales.copy', catalog.renameTable(ORDERS, COPY))
  assert.deepEqual(sales.tables.get('orders')?.input, before)
  assert.deepEqual(await other.loadTable(ORDERS), created)

  proxy.before('CreateTable', async () => void (await other.createTable(COPY, SALES_ORDERS_TABLE)))
  await rejectsAs('already-exists', 'copy', catalog.renameTable(ORDERS, COPY))
  assert.deepEqual(await other.loadTable(ORDERS), created)
})

test('a rename that died half way is finished by the next one', async () => {
  proxy.next('DeleteTable', DENIED)
  await rejectsAs('permission', 'sales.orders', catalog.renameTable(ORDERS, COPY))
  assert.deepEqual(await catalog.listTables(['sales']), { items: [COPY] })
  await rejectsAs('conflict', '["sales","copy"]', catalog.renameTable(ORDERS, { ...COPY, name: 'third' }))
  await catalog.renameTable(ORDERS, COPY)
  assert.deepEqual([...sales.tables.keys()], ['copy'])
  assert.deepEqual(await other.loadTable(COPY), { ...created, identifier: COPY })
})

test('a rename whose table is dropped half way does not call itself done', async () => {
  proxy.next('UpdateTable', 'lose-answer')
  proxy.before('UpdateTable', async () => {
    proxy.before('GetTable', async () => {
      proxy.before('GetTable', async () => void sales.tables.delete('orders'))
    })
  })
  await rejectsAs('not-found', 'sales.orders', catalog.renameTable(ORDERS, COPY))
  assert.equal(sales.tables.size, 0)
})

test('lost answers do not keep a rename from its end', async () => {
  for (const operation of ['UpdateTable', 'CreateTable', 'DeleteTable']) proxy.next(operation, 'lose-answer')
  await catalog.renameTable(ORDERS, COPY)
  assert.deepEqual([...sales.tables.keys()], ['copy'])
})
