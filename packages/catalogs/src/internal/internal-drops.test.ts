import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, rejectsAs, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { Catalog } from '../catalog.ts'
import type { DroppedTables } from '../dropped-tables.ts'
import { internalCatalog } from './internal-catalog.ts'

const HOUR = 3_600_000

function open(): { readonly catalog: Catalog; readonly dropped: DroppedTables } {
  const { pointers, drops } = memoryCatalogs()
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers,
    drops: { pointers: drops, retentionMs: HOUR },
    io: memoryFileIO(),
    clock: virtualClock(1000),
    random: seededRandom(5),
    onLeftover: (error) => assert.fail(String(error)),
  })
  assert.ok(catalog.dropped !== undefined)
  return { catalog, dropped: catalog.dropped }
}

test('a dropped table is had back as it was, also beside a new one of its name', async () => {
  const { catalog, dropped } = open()
  const table = await createSalesOrders({ catalog })
  const drop = await dropped.dropTable(ORDERS, { purge: true })
  assert.deepEqual([drop.purgeAt - drop.droppedAt, drop.purgesFiles], [HOUR, true])
  await rejectsAs('not-found', 'orders', catalog.loadTable(ORDERS))
  const other = await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  assert.notEqual(other.metadata.location, table.metadata.location)
  assert.deepEqual((await dropped.listDropped()).items, [drop])
  await rejectsAs('already-exists', 'orders', dropped.restoreDropped(drop.dropId))
  const old = { ...ORDERS, name: 'old' }
  assert.deepEqual((await dropped.restoreDropped(drop.dropId, old)).identifier, old)
  assert.deepEqual(await catalog.loadTable(old), { ...table, identifier: old })
  assert.deepEqual((await dropped.listDropped()).items, [])
  await rejectsAs('not-found', drop.dropId, dropped.restoreDropped(drop.dropId))
})

test('the port’s own drop keeps the table, too, and asks for no purge', async () => {
  const { catalog, dropped } = open()
  await createSalesOrders({ catalog })
  await catalog.dropTable(ORDERS)
  await rejectsAs('not-found', 'orders', catalog.dropTable(ORDERS))
  const { items } = await dropped.listDropped()
  assert.deepEqual(
    items.map(({ identifier, purgesFiles, kind }) => [identifier, purgesFiles, kind]),
    [[ORDERS, false, 'table']],
  )
  await catalog.dropNamespace(['sales'])
  await rejectsAs('not-found', 'sales', dropped.restoreDropped(items[0]?.dropId ?? ''))
})

test('a protected table is not dropped until it is unprotected', async () => {
  const { catalog } = open()
  await createSalesOrders({ catalog })
  const protect = (value: string) =>
    catalog.commitTable(ORDERS, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { 'deletion-protection.enabled': value } }],
    })
  await protect('true')
  await assert.rejects(catalog.dropTable(ORDERS), (error) => {
    assert.ok(isKind(error, 'permission'))
    assert.match(error.message, /sales\.orders is protected: set its property deletion-protection\.enabled/)
    return true
  })
  await protect('false')
  await catalog.dropTable(ORDERS)
})
