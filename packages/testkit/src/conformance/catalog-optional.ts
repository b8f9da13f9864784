import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { catalogTest, createSalesOrders, ORDERS, rejectsAs, SALES_ORDERS_TABLE } from './catalog-samples.ts'
import type { CatalogUnderTest, OpenCatalog, OptionalMember } from './catalog-under-test.ts'

const COPY: TableIdentifier = { namespace: ['sales'], name: 'copy' }

/** What a catalog may have or not, besides views and transactions: that it is as said, and does as the port says. */
export function catalogOptionalTests(name: string, optional: readonly OptionalMember[], open: OpenCatalog): void {
  test(`${name}: it has of the optional port what it is said to have`, async () => {
    const { catalog, other, close } = await open()
    try {
      for (const each of [catalog, other]) {
        assert.deepEqual(
          MEMBERS.filter((member) => each[member] !== undefined),
          MEMBERS.filter((member) => optional.includes(member)),
        )
      }
    } finally {
      await close()
    }
  })
  for (const member of optional) TESTS[member](name, open)
}

const TESTS: Readonly<Record<OptionalMember, (name: string, open: OpenCatalog) => void>> = {
  overwriteTable: overwriteTests,
  purgeTable: purgeTests,
  probeCommit: probeTests,
  loadStorage: storageTests,
  dropped: droppedTests,
}
const MEMBERS = Object.keys(TESTS) as readonly OptionalMember[] // it has each and no other

function overwriteTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a metadata file can take the place of a table, whose files stay', open, async (opened) => {
    const { catalog, other, io } = opened
    const overwriteTable = must(catalog.overwriteTable, 'overwriteTable')
    const first = await createSalesOrders(opened)
    const second = await changed(other, ORDERS)
    const back = await overwriteTable(ORDERS, first.metadataLocation)
    assert.deepEqual([back.identifier, back.metadata], [ORDERS, first.metadata])
    assert.deepEqual(await other.loadTable(ORDERS), await catalog.loadTable(ORDERS))
    assert.deepEqual((await other.loadTable(ORDERS)).metadata, first.metadata)
    assert.ok(await io.stat(second))
    await changed(other, ORDERS)
  })

  catalogTest(name, 'a metadata file that takes the place of no table is registered', open, async (opened) => {
    const { catalog, other, scratch } = opened
    const overwriteTable = must(catalog.overwriteTable, 'overwriteTable')
    const created = await createSalesOrders(opened)
    const nowhere = `${scratch}/none.metadata.json`
    await rejectsAs('not-found', 'none.metadata.json', overwriteTable(ORDERS, nowhere))
    assert.deepEqual(await other.loadTable(ORDERS), created)
    await catalog.dropTable(ORDERS)
    await overwriteTable(ORDERS, created.metadataLocation)
    assert.deepEqual((await other.loadTable(ORDERS)).metadata, created.metadata)
  })
}

function purgeTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a purged table is gone for every client', open, async (opened) => {
    const { catalog, other } = opened
    const purgeTable = must(catalog.purgeTable, 'purgeTable')
    await createSalesOrders(opened)
    await catalog.createTable(COPY, SALES_ORDERS_TABLE)
    await purgeTable(ORDERS)
    await rejectsAs('not-found', 'orders', other.loadTable(ORDERS))
    assert.deepEqual(await other.listTables(['sales']), { items: [COPY] })
    await rejectsAs('not-found', 'orders', purgeTable(ORDERS))
    await other.loadTable(COPY)
  })
}

function probeTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a probe of a commit says what it saw and changes nothing', open, async (opened) => {
    const { catalog, other } = opened
    const probeCommit = must(catalog.probeCommit, 'probeCommit')
    const created = await createSalesOrders(opened)
    assert.ok((await probeCommit(ORDERS)).length > 10)
    assert.deepEqual(await other.loadTable(ORDERS), created)
    await changed(other, ORDERS)
    assert.ok((await probeCommit(ORDERS)).length > 10)
    await changed(catalog, ORDERS)
  })
}

function storageTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'it says how the files of a table are reached, again and again', open, async (opened) => {
    const loadStorage = must(opened.catalog.loadStorage, 'loadStorage')
    const { metadata } = await createSalesOrders(opened)
    const access = await loadStorage(ORDERS)
    assert.equal(access.location, metadata.location)
    const again = await loadStorage(ORDERS, access)
    assert.equal(again.location, metadata.location)
    assert.deepEqual(Object.keys(again.properties).sort(), Object.keys(access.properties).sort())
    await rejectsAs('not-found', 'copy', loadStorage(COPY))
  })
}

function droppedTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a dropped table is kept, listed and had back as it was', open, async (opened) => {
    const { catalog, other, io } = opened
    const [dropped, seen] = [must(catalog.dropped, 'dropped'), must(other.dropped, 'dropped')]
    const created = await createSalesOrders(opened)
    const kept = await dropped.dropTable(ORDERS, { purge: true })
    assert.deepEqual(
      [kept.kind, kept.identifier, kept.metadataLocation, kept.purgesFiles],
      ['table', ORDERS, created.metadataLocation, true],
    )
    assert.ok(kept.purgeAt >= kept.droppedAt)
    assert.deepEqual(await seen.listDropped(), { items: [kept] })
    await rejectsAs('not-found', 'orders', other.loadTable(ORDERS))
    await rejectsAs('not-found', 'orders', dropped.dropTable(ORDERS, { purge: false }))
    assert.ok(await io.stat(created.metadataLocation))

    const back = await seen.restoreDropped(kept.dropId)
    assert.deepEqual(back.identifier, ORDERS)
    assert.deepEqual(await catalog.loadTable(ORDERS), created)
    assert.deepEqual(await dropped.listDropped(), { items: [] })
    await rejectsAs('not-found', kept.dropId, dropped.restoreDropped(kept.dropId))
    await changed(catalog, ORDERS)
  })

  catalogTest(name, 'a dropped table whose time is ended cannot be had back', open, async (opened) => {
    const { catalog } = opened
    const dropped = must(catalog.dropped, 'dropped')
    await createSalesOrders(opened)
    const kept = await dropped.dropTable(ORDERS, { purge: false })
    await rejectsAs('not-found', 'none', dropped.purgeNow('none', {}))
    const judged: unknown[] = []
    const refuse = (each: unknown) => {
      judged.push(each)
      throw new MoraineError('permission', 'not yours')
    }
    await rejectsAs('permission', 'not yours', dropped.purgeNow(kept.dropId, {}, refuse))
    assert.deepEqual(judged, [kept])
    assert.deepEqual(await dropped.listDropped(), { items: [kept] })
    const ended = await dropped.purgeNow(kept.dropId, { files: true })
    assert.ok(ended.purgeAt < kept.purgeAt)
    assert.deepEqual(ended, { ...kept, purgeAt: ended.purgeAt, purgesFiles: true })
    assert.equal((await dropped.purgeNow(kept.dropId, {})).purgesFiles, true, 'as it was said last')
    await rejectsAs('not-found', kept.dropId, dropped.restoreDropped(kept.dropId))
  })

  catalogTest(name, 'the name of a dropped table is free, and it is had back under another', open, async (opened) => {
    const { catalog, other } = opened
    const dropped = must(catalog.dropped, 'dropped')
    const created = await createSalesOrders(opened)
    await catalog.dropTable(ORDERS)
    const next = await other.createTable(ORDERS, SALES_ORDERS_TABLE)
    assert.notEqual(next.metadata.location, created.metadata.location)
    const [kept] = (await dropped.listDropped()).items
    assert.equal(kept?.purgesFiles, false)
    await rejectsAs('already-exists', 'orders', dropped.restoreDropped(kept.dropId))
    await dropped.restoreDropped(kept.dropId, COPY)
    assert.deepEqual(await other.loadTable(COPY), { ...created, identifier: COPY })
    assert.deepEqual(await other.loadTable(ORDERS), next)
  })
}

/** A commit, and the metadata file that it made. */
async function changed(catalog: CatalogUnderTest['catalog'], identifier: TableIdentifier): Promise<string> {
  const updates = [{ action: 'set-properties', updates: { changed: 'yes' } }] as const
  const outcome = await catalog.commitTable(identifier, { requirements: [], updates })
  assert.equal(outcome.kind, 'committed')
  return must(await catalog.findMetadataLocation(identifier), 'metadata file')
}
