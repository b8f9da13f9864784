import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, rejectsAs, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { internalCatalog } from './internal-catalog.ts'

const HOUR = 3_600_000

function open() {
  const { pointers, drops } = memoryCatalogs()
  const io = memoryFileIO()
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers,
    drops: { pointers: drops, retentionMs: HOUR },
    io,
    clock: virtualClock(1000),
    random: seededRandom(5),
    onLeftover: (error) => assert.fail(String(error)),
  })
  assert.ok(catalog.dropped !== undefined)
  return { catalog, dropped: catalog.dropped, pointers, drops, io }
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

test('any value but false protects a table', async () => {
  const { catalog } = open()
  await createSalesOrders({ catalog })
  const protect = (value: string) =>
    catalog.commitTable(ORDERS, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { 'deletion-protection.enabled': value } }],
    })
  for (const value of ['True ', 'yes', '1', 'on', 'ture', 'no', '']) {
    await protect(value)
    await rejectsAs('permission', 'deletion-protection.enabled to false to drop it', catalog.dropTable(ORDERS))
  }
  await protect('yes')
  await rejectsAs('permission', "is protected by 'yes', as by any value but false", catalog.dropTable(ORDERS))
  await protect(' False')
  await catalog.dropTable(ORDERS)
})

test('a protected table is not overwritten until it is unprotected, unless by what it is', async () => {
  const { catalog, dropped } = open()
  const overwrite = must(catalog.overwriteTable, 'overwriting')
  const { metadataLocation: first } = await createSalesOrders({ catalog })
  const protect = async (value: string) => {
    const updates = { 'deletion-protection.enabled': value }
    const outcome = await catalog.commitTable(ORDERS, {
      requirements: [],
      updates: [{ action: 'set-properties', updates }],
    })
    assert.ok(outcome.kind === 'committed')
    return outcome.table.metadataLocation
  }
  const second = await protect('TRUE')
  await rejectsAs('permission', 'sales.orders is protected: set its property', overwrite(ORDERS, first))
  assert.equal((await catalog.loadTable(ORDERS)).metadataLocation, second)
  assert.equal((await overwrite(ORDERS, second)).metadataLocation, second)
  await protect('false')
  assert.equal((await overwrite(ORDERS, first)).metadataLocation, first)
  assert.deepEqual((await dropped.listDropped()).items, [], 'overwriting is no drop')
})

test('a protection that is committed while the table is overwritten holds', async () => {
  const { catalog, pointers } = open()
  const overwrite = must(catalog.overwriteTable, 'overwriting')
  const { metadataLocation: first } = await createSalesOrders({ catalog })
  const commit = (updates: Record<string, string>) =>
    catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates }] })
  await commit({ team: 'eu' })
  const { changePointers, swapPointer } = pointers
  const protectFirst = async () => {
    Object.assign(pointers, { changePointers, swapPointer })
    await commit({ 'deletion-protection.enabled': 'true' })
  }
  pointers.swapPointer = async (...asked) => {
    await protectFirst()
    return swapPointer(...asked)
  }
  pointers.changePointers = async (...asked) => {
    await protectFirst()
    return changePointers(...asked)
  }
  await rejectsAs('conflict', 'another commit to sales.orders came first', overwrite(ORDERS, first))
  await rejectsAs('permission', 'is protected', overwrite(ORDERS, first))
})

test('a protection that is committed while the table is dropped holds', async () => {
  const { catalog, drops } = open()
  await createSalesOrders({ catalog })
  const { dropPointer } = drops
  let commits = 0
  drops.dropPointer = async (pointer, drop) => {
    commits += 1
    const updates = { 'deletion-protection.enabled': commits === 2 ? 'true' : 'false' }
    await catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates }] })
    return dropPointer(pointer, drop)
  }
  await rejectsAs('permission', 'is protected', catalog.dropTable(ORDERS))
  assert.equal(commits, 2, 'the first commit was another')
  await catalog.loadTable(ORDERS)
})

test('only a table whose metadata file is gone or damaged is dropped unseen', async () => {
  for (const [kind, isDropped] of [
    ['not-found', true],
    ['corrupt', true],
    ['unavailable', false],
    ['timeout', false],
    ['permission', false],
    ['internal', false],
  ] as const) {
    const { pointers, io, catalog } = open()
    await catalog.createNamespace(['sales'])
    const metadataLocation = 's3://b/wh/sales/orders/metadata/00000-x.metadata.json'
    await pointers.addPointer({ kind: 'table', catalog: 'lake', ...ORDERS, metadataLocation })
    io.read = () => Promise.reject(new MoraineError(kind, 'as if'))
    if (isDropped) await catalog.dropTable(ORDERS)
    else
      await rejectsAs(
        'unavailable',
        'whether table sales.orders is protected cannot be told now',
        catalog.dropTable(ORDERS),
      )
  }
})

test('registering what was dropped has it back, once; beside itself, or as something else, it is not put', async () => {
  const { catalog, dropped } = open()
  await createSalesOrders({ catalog })
  const committed = await catalog.commitTable(ORDERS, {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { team: 'eu' } }],
  })
  assert.ok(committed.kind === 'committed')
  const { metadataLocation } = committed.table
  const drop = await dropped.dropTable(ORDERS, { purge: true })
  const refused = async (registering: Promise<unknown>, message: RegExp) =>
    assert.rejects(registering, (error) => {
      assert.ok(isKind(error, 'invalid-input'), String(error))
      assert.match(error.message, message)
      return true
    })
  const undropIt =
    /^location: "s3:.*another table, which was dropped and can be had back: undrop it, under another name/
  await refused(catalog.registerTable({ ...ORDERS, name: 'other' }, metadataLocation), undropIt)
  assert.deepEqual((await dropped.listDropped()).items, [drop])
  const back = await catalog.registerTable(ORDERS, metadataLocation.replace('s3:', 's3a:'))
  assert.deepEqual([back.metadataLocation, back.metadata.properties['team']], [metadataLocation, 'eu'])
  assert.deepEqual(await catalog.loadTable(ORDERS), committed.table)
  assert.deepEqual((await dropped.listDropped()).items, [], 'nothing is left to be purged, or to be had back beside it')
  await refused(
    catalog.registerTable({ ...ORDERS, name: 'other' }, metadataLocation),
    /another table: choose a place of its own, or rename that table if it is this very one under another name$/,
  )
  await catalog.dropTable(ORDERS)
  await catalog.dropNamespace(['sales'])
  await rejectsAs('not-found', 'sales', catalog.registerTable(ORDERS, metadataLocation))
  await catalog.createNamespace(['sales'])
  await catalog.registerTable(ORDERS, metadataLocation)
})

test('what is registered is sought by its name, not among all that was dropped, which moves on meanwhile', async () => {
  const { catalog, dropped, drops } = open()
  const { metadataLocation } = await createSalesOrders({ catalog })
  await dropped.dropTable(ORDERS, { purge: true })
  drops.listDropped = () => assert.fail('pages shift when something else is dropped')
  assert.equal((await catalog.registerTable(ORDERS, metadataLocation)).metadataLocation, metadataLocation)
})

test('what was dropped gives its place to what is new under its name, and to nothing else', async () => {
  const { catalog, dropped } = open()
  const { metadata } = await createSalesOrders({ catalog })
  const { dropId } = await dropped.dropTable(ORDERS, { purge: true })
  const there = { ...SALES_ORDERS_TABLE, location: metadata.location }
  const elsewhere = catalog.createTable({ ...ORDERS, name: 'other' }, there)
  await assert.rejects(elsewhere, /was dropped and can be had back/)
  const again = await catalog.createTable(ORDERS, there)
  assert.equal(again.metadata.location, metadata.location)
  assert.notEqual(again.metadata.tableUuid, metadata.tableUuid)
  await rejectsAs(
    'already-exists',
    'beside the table that has its files now',
    dropped.restoreDropped(dropId, { ...ORDERS, name: 'old' }),
  )
})

test('what was registered at the place of a dropped table, before such places were kept, is not doubled', async () => {
  const { catalog, dropped, pointers } = open()
  const { metadataLocation } = await createSalesOrders({ catalog })
  const { dropId } = await dropped.dropTable(ORDERS, { purge: false })
  const twin = { kind: 'table', catalog: 'lake', namespace: ['sales'], name: 'twin', metadataLocation } as const
  assert.equal(await pointers.addPointer(twin), 'added')
  await rejectsAs('already-exists', 'beside the table that has its files now', dropped.restoreDropped(dropId))
  await catalog.dropTable({ ...ORDERS, name: 'twin' })
  await dropped.restoreDropped(dropId)
})
