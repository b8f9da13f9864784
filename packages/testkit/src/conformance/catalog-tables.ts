import assert from 'node:assert/strict'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import {
  appendUpdates,
  catalogTest,
  createSalesOrders,
  creationUpdates,
  nextSnapshot,
  ORDERS,
  rejectsAs,
  SALES_ORDERS_TABLE,
} from './catalog-samples.ts'
import type { CatalogTraits, CatalogUnderTest, OpenCatalog } from './catalog-under-test.ts'

const COPY: TableIdentifier = { namespace: ['sales'], name: 'copy' }

export function catalogTableTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  creationTests(name, traits, open)
  stagingTests(name, open)
  registrationTests(name, traits, open)
  dropTests(name, open)
  if (traits.renames) renameTests(name, traits, open)
  else {
    catalogTest(name, 'renames are refused and change nothing', open, async (opened) => {
      const created = await createSalesOrders(opened)
      await rejectsAs('unsupported', 'orders', opened.catalog.renameTable(ORDERS, COPY))
      assert.equal(await opened.catalog.findMetadataLocation(ORDERS), created.metadataLocation)
    })
  }
  if (traits.fillsPages) pageTests(name, open)
}

function creationTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  catalogTest(name, 'a created table is listed and loaded by every client as it was created', open, async (opened) => {
    const { catalog, other, io } = opened
    const created = await createSalesOrders(opened)
    assert.deepEqual(created.identifier, ORDERS)
    const { metadata } = created
    assert.equal(metadata.formatVersion, 2)
    assert.equal(metadata.properties['owner'], 'me')
    assert.deepEqual(metadata.schemas[0]?.fields, SALES_ORDERS_TABLE.schema.fields)
    assert.deepEqual(
      metadata.partitionSpecs[0]?.fields.map((field) => [field.fieldId, field.name]),
      [[1000, 'region']],
    )
    assert.ok(await io.stat(created.metadataLocation))

    assert.deepEqual(await other.loadTable(ORDERS), created)
    assert.equal(await other.findMetadataLocation(ORDERS), created.metadataLocation)
    assert.deepEqual(await other.listTables(['sales']), { items: [ORDERS] })
    await rejectsAs('already-exists', 'orders', catalog.createTable(ORDERS, SALES_ORDERS_TABLE))
    await rejectsAs('already-exists', 'orders', other.stageTable(ORDERS, SALES_ORDERS_TABLE))
  })

  catalogTest(name, 'what is not there is not found', open, async ({ catalog }) => {
    assert.equal(await catalog.findMetadataLocation(ORDERS), undefined)
    await rejectsAs('not-found', 'orders', catalog.loadTable(ORDERS))
    await rejectsAs('not-found', 'orders', catalog.dropTable(ORDERS))
    await rejectsAs('not-found', 'orders', catalog.commitTable(ORDERS, { requirements: [], updates: [] }))
    if (traits.impliedNamespaces) return
    await rejectsAs('not-found', 'sales', catalog.createTable(ORDERS, SALES_ORDERS_TABLE))
    await rejectsAs('not-found', 'sales', catalog.stageTable(ORDERS, SALES_ORDERS_TABLE))
  })

  catalogTest(name, 'one of several that create the same table wins', open, async ({ catalog, other }) => {
    await catalog.createNamespace(['sales'])
    const clients = [catalog, other, catalog, other]
    const outcomes = await Promise.allSettled(clients.map((client) => client.createTable(ORDERS, SALES_ORDERS_TABLE)))
    const created = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    assert.equal(created.length, 1)
    assert.deepEqual(await other.loadTable(ORDERS), created[0])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') await rejectsAs('already-exists', 'orders', Promise.reject(outcome.reason))
    }
  })
}

function stagingTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a staged table does not exist until it is committed with assert-create', open, async (opened) => {
    const { catalog, other } = opened
    await catalog.createNamespace(['sales'])
    const staged = await catalog.stageTable(ORDERS, SALES_ORDERS_TABLE)
    assert.equal(await other.findMetadataLocation(ORDERS), undefined)
    assert.deepEqual(await other.listTables(['sales']), { items: [] })

    const updates = [...creationUpdates(staged), ...appendUpdates(nextSnapshot(staged, 77n))]
    const outcome = await catalog.commitTable(ORDERS, { requirements: [{ type: 'assert-create' }], updates })
    assert.equal(outcome.kind, 'committed')
    const loaded = await other.loadTable(ORDERS)
    assert.deepEqual(outcome.kind === 'committed' && outcome.table, loaded)
    assert.equal(loaded.metadata.tableUuid, staged.tableUuid)
    assert.equal(loaded.metadata.location, staged.location)
    assert.equal(loaded.metadata.currentSnapshotId, 77n)
    assert.equal(loaded.metadata.schemas.length, 1)

    const again = await other.commitTable(ORDERS, { requirements: [{ type: 'assert-create' }], updates })
    assert.equal(again.kind, 'conflict')
    assert.deepEqual(await catalog.loadTable(ORDERS), loaded)
  })
}

function registrationTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  catalogTest(name, 'a metadata file can be registered as a table', open, async (opened) => {
    const { catalog, other, io, scratch } = opened
    const original = await createSalesOrders(opened)
    const { metadata, metadataLocation } = traits.namesAreFolders ? await inFolderOf(COPY, original, opened) : original
    const registered = await catalog.registerTable(COPY, metadataLocation)
    assert.deepEqual(registered.identifier, COPY)
    assert.deepEqual(registered.metadata, metadata)
    assert.deepEqual((await other.loadTable(COPY)).metadata, metadata)

    await rejectsAs('already-exists', 'copy', other.registerTable(COPY, metadataLocation))
    const third = { namespace: ['sales'], name: 'third' }
    const nowhere = `${scratch}/none.metadata.json`
    await rejectsAs('not-found', 'none.metadata.json', other.registerTable(third, nowhere))
    const damaged = `${scratch}/damaged.metadata.json`
    await io.write(damaged, new TextEncoder().encode('{"format-version":2'))
    await assert.rejects(other.registerTable(third, damaged), /damaged\.metadata\.json/)
    assert.equal(await other.findMetadataLocation(third), undefined)
    if (!traits.namesAreFolders) return
    await rejectsAs('unsupported', metadata.location, other.registerTable(third, metadataLocation))
    assert.equal(await other.findMetadataLocation(third), undefined)
  })
}

/** A metadata file that says that the table is where the name would have it. */
async function inFolderOf({ name }: TableIdentifier, { metadata }: LoadedTable, { io, scratch }: CatalogUnderTest) {
  const moved = { ...metadata, location: metadata.location.replace(/[^/]+$/, name) }
  const metadataLocation = `${scratch}/moved.metadata.json`
  await io.write(metadataLocation, new TextEncoder().encode(formatTableMetadata(moved)))
  return { metadata: moved, metadataLocation }
}

function dropTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a dropped table is gone for every client, and its files are not', open, async (opened) => {
    const { catalog, other, io } = opened
    const { metadata } = await createSalesOrders(opened)
    const dataFile = `${metadata.location}/data/1.parquet`
    await io.write(dataFile, new Uint8Array([1, 2, 3]))
    await other.dropTable(ORDERS)

    await rejectsAs('not-found', 'orders', catalog.loadTable(ORDERS))
    assert.equal(await catalog.findMetadataLocation(ORDERS), undefined)
    assert.deepEqual(await catalog.listTables(['sales']), { items: [] })
    await rejectsAs('not-found', 'orders', catalog.dropTable(ORDERS))
    await rejectsAs('not-found', 'orders', catalog.commitTable(ORDERS, { requirements: [], updates: [] }))
    assert.ok(await io.stat(dataFile))

    const again = await other.createTable(ORDERS, SALES_ORDERS_TABLE)
    assert.notEqual(again.metadata.tableUuid, metadata.tableUuid)
    assert.deepEqual(await catalog.loadTable(ORDERS), again)
  })
}

function renameTests(name: string, { refusedNames }: CatalogTraits, open: OpenCatalog): void {
  const movedName = refusedNames.includes('with space') ? 'orders_2026' : 'orders 2026'
  const moved: TableIdentifier = { namespace: ['archive'], name: movedName }

  catalogTest(name, 'a renamed table keeps its state and takes commits under its new name', open, async (opened) => {
    const { catalog, other } = opened
    const created = await createSalesOrders(opened)
    await rejectsAs('not-found', 'archive', catalog.renameTable(ORDERS, moved))
    await catalog.createNamespace(['archive'])
    await catalog.renameTable(ORDERS, moved)
    await rejectsAs('not-found', 'orders', other.loadTable(ORDERS))
    assert.deepEqual(await other.listTables(['sales']), { items: [] })
    assert.deepEqual(await other.loadTable(moved), { ...created, identifier: moved })

    const outcome = await other.commitTable(moved, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { moved: 'yes' } }],
    })
    assert.equal(outcome.kind, 'committed')
    // The name is free, the folder is not.
    const replacement = await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
    assert.notEqual(replacement.metadata.location, created.metadata.location)
  })

  catalogTest(name, 'a rename does not replace a table', open, async (opened) => {
    const { catalog, other } = opened
    await createSalesOrders(opened)
    const copy = await catalog.createTable(COPY, SALES_ORDERS_TABLE)
    await rejectsAs('already-exists', 'copy', other.renameTable(ORDERS, COPY))
    await rejectsAs('not-found', 'none', other.renameTable({ namespace: ['sales'], name: 'none' }, COPY))
    assert.deepEqual(await catalog.loadTable(COPY), copy)
    assert.ok(await catalog.findMetadataLocation(ORDERS))
  })
}

function pageTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'more tables and namespaces than fit a page are listed once each', open, async (opened) => {
    const { catalog, other } = opened
    const { metadataLocation } = await createSalesOrders(opened)
    const wanted = ['orders']
    for (let number = 0; number < MORE_THAN_A_PAGE; number += 1) {
      const tableName = `t${number}`
      wanted.push(tableName)
      await catalog.registerTable({ namespace: ['sales'], name: tableName }, metadataLocation)
      await catalog.createNamespace([`n${number}`])
    }
    const tables = await listAll((page) => other.listTables(['sales'], page))
    assert.ok(tables.pages > 1)
    assert.deepEqual(tables.items.map((table) => table.name).sort(), wanted.sort())
    const namespaces = await listAll((page) => other.listNamespaces([], page))
    assert.ok(namespaces.pages > 1)
    assert.equal(new Set(namespaces.items.flat()).size, MORE_THAN_A_PAGE + 1)
    assert.equal(namespaces.items.length, MORE_THAN_A_PAGE + 1)
  })
}

const MORE_THAN_A_PAGE = 1001

async function listAll<T>(list: (page?: string) => Promise<{ items: readonly T[]; nextPage?: string }>) {
  const items: T[] = []
  let pages = 0
  for (let page: string | undefined; pages === 0 || page !== undefined; pages += 1) {
    const { items: some, nextPage } = await list(page)
    items.push(...some)
    page = nextPage
  }
  return { items, pages }
}
