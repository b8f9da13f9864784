import assert from 'node:assert/strict'
import type { CatalogViews, CreateView, ViewCommitOutcome } from '@moraine/catalogs/catalog-views'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { ViewVersion } from '@moraine/iceberg/view/view-metadata'
import type { EpochMs } from '@moraine/stdx/brand'
import { catalogTest, createSalesOrders, ORDERS, rejectsAs, SALES_ORDERS_TABLE } from './catalog-samples.ts'
import type { CatalogUnderTest, OpenCatalog } from './catalog-under-test.ts'

const BEST: TableIdentifier = { namespace: ['sales'], name: 'best' }
const COPY: TableIdentifier = { namespace: ['sales'], name: 'copy' }

export function catalogViewTests(name: string, open: OpenCatalog): void {
  const viewTest = (
    what: string,
    run: (opened: CatalogUnderTest, views: CatalogViews, other: CatalogViews) => unknown,
  ) =>
    catalogTest(name, `views: ${what}`, open, async (opened) => {
      const { catalog, other } = opened
      assert.ok(catalog.views !== undefined && other.views !== undefined)
      await run(opened, catalog.views, other.views)
    })

  viewTest('what was created is loaded and listed by every client', async ({ catalog, io }, views, other) => {
    await rejectsAs('not-found', 'sales', views.createView(BEST, viewOf('select 1')))
    await catalog.createNamespace(['sales'])
    const created = await views.createView(BEST, { ...viewOf('select 1'), properties: { owner: 'me' } })
    assert.deepEqual(created.identifier, BEST)
    assert.equal(created.metadata.properties['owner'], 'me')
    assert.deepEqual(created.metadata.versions, [{ ...versionOf('select 1'), schemaId: 0 }])
    assert.ok(await io.stat(created.metadataLocation))
    assert.deepEqual(await other.loadView(BEST), created)
    assert.equal(await other.findViewLocation(BEST), created.metadataLocation)
    assert.deepEqual(await other.listViews(['sales']), { items: [BEST] })
    assert.deepEqual(await catalog.listTables(['sales']), { items: [] })
    await rejectsAs('already-exists', 'best', views.createView(BEST, viewOf('select 1')))
  })

  viewTest('what is not there is not found', async ({ catalog }, views) => {
    await rejectsAs('not-found', 'sales', views.listViews(['sales']))
    await catalog.createNamespace(['sales'])
    assert.equal(await views.findViewLocation(BEST), undefined)
    await rejectsAs('not-found', 'best', views.loadView(BEST))
    await rejectsAs('not-found', 'best', views.dropView(BEST))
    await rejectsAs('not-found', 'best', views.renameView(BEST, COPY))
    await rejectsAs('not-found', 'best', views.commitView(BEST, replacement('select 2')))
  })

  viewTest('tables and views share their names', async (opened, views) => {
    const { catalog } = opened
    await createSalesOrders(opened)
    await rejectsAs('already-exists', 'orders', views.createView(ORDERS, viewOf('select 1')))
    await rejectsAs('not-found', 'orders', views.loadView(ORDERS))
    await rejectsAs('not-found', 'orders', views.dropView(ORDERS))
    await views.createView(BEST, viewOf('select 1'))
    await rejectsAs('already-exists', 'best', catalog.createTable(BEST, SALES_ORDERS_TABLE))
    await rejectsAs('not-found', 'best', catalog.loadTable(BEST))
    await rejectsAs('not-found', 'best', catalog.dropTable(BEST))
    await rejectsAs('already-exists', 'orders', views.renameView(BEST, ORDERS))
    await rejectsAs('already-exists', 'best', catalog.renameTable(ORDERS, BEST))
    await rejectsAs('conflict', 'sales', catalog.dropNamespace(['sales']))
  })

  viewTest('commits replace the query and keep what was before', async ({ catalog, io }, views, other) => {
    await catalog.createNamespace(['sales'])
    const created = await views.createView(BEST, viewOf('select 1'))
    const committed = committedView(await views.commitView(BEST, replacement('select 2', created.metadata.viewUuid)))
    assert.equal(committed.metadata.currentVersionId, 2)
    assert.deepEqual(
      committed.metadata.versions.map(({ representations }) => representations),
      ['select 1', 'select 2'].map((sql) => [{ type: 'sql', sql, dialect: 'spark' }]),
    )
    assert.deepEqual(await other.loadView(BEST), committed)
    assert.ok(await io.stat(created.metadataLocation))
    const refused = await other.commitView(BEST, replacement('select 3', 'another'))
    assert.match(refused.kind === 'conflict' ? refused.reason : refused.kind, /view UUID does not match/)
    await rejectsAs('invalid-input', '7', views.commitView(BEST, currentVersion(7)))
    assert.deepEqual(await views.loadView(BEST), committed)
  })

  viewTest('of commits at the same time each is made or refused', async ({ catalog }, views, other) => {
    await catalog.createNamespace(['sales'])
    await views.createView(BEST, viewOf('select 0'))
    const commits = [1, 2, 3, 4].map((at) =>
      (at % 2 === 0 ? views : other).commitView(BEST, { requirements: [], updates: [property(`p${at}`)] }),
    )
    const outcomes = await Promise.all(commits)
    const { metadata } = await other.loadView(BEST)
    for (const [at, outcome] of outcomes.entries()) {
      assert.notEqual(outcome.kind, 'unknown')
      assert.equal(metadata.properties[`p${at + 1}`], outcome.kind === 'committed' ? 'x' : undefined)
    }
  })

  viewTest('views are renamed, dropped and registered again', async ({ catalog, io }, views, other) => {
    await catalog.createNamespace(['sales'])
    const created = await views.createView(BEST, viewOf('select 1'))
    await rejectsAs('not-found', 'none', views.renameView(BEST, { namespace: ['none'], name: 'x' }))
    await views.renameView(BEST, COPY)
    assert.deepEqual((await other.loadView(COPY)).metadata, created.metadata)
    await views.dropView(COPY)
    assert.deepEqual(await other.listViews(['sales']), { items: [] })
    assert.ok(await io.stat(created.metadataLocation))
    assert.deepEqual(await views.registerView(BEST, created.metadataLocation), created)
    await rejectsAs('already-exists', 'best', other.registerView(BEST, created.metadataLocation))
  })
}

function versionOf(sql: string): ViewVersion {
  return {
    versionId: 1,
    schemaId: -1,
    timestampMs: 1_700_000_000_000 as EpochMs,
    summary: { 'engine-name': 'test' },
    representations: [{ type: 'sql', sql, dialect: 'spark' }],
    defaultNamespace: ['sales'],
  }
}

export function viewOf(sql: string): CreateView {
  return { schema: SALES_ORDERS_TABLE.schema, version: versionOf(sql) }
}

function property(key: string) {
  return { action: 'set-properties', updates: { [key]: 'x' } } as const
}

function currentVersion(viewVersionId: number) {
  return { requirements: [], updates: [{ action: 'set-current-view-version', viewVersionId } as const] }
}

function replacement(sql: string, uuid?: string) {
  return {
    requirements: uuid === undefined ? [] : [{ type: 'assert-view-uuid', uuid } as const],
    updates: [
      { action: 'add-view-version', viewVersion: { ...versionOf(sql), schemaId: 0 } } as const,
      { action: 'set-current-view-version', viewVersionId: -1 } as const,
    ],
  }
}

function committedView(outcome: ViewCommitOutcome) {
  assert.ok(outcome.kind === 'committed', outcome.kind)
  return outcome.view
}
