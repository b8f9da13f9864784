import assert from 'node:assert/strict'
import type { Catalog } from '@moraine/catalogs/catalog'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { catalogTest, createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from './catalog-samples.ts'
import type { CatalogTraits, OpenCatalog } from './catalog-under-test.ts'

/** Whoever has given up waiting before a call is made has nothing done by it. */
export function catalogSignalTests(name: string, { renames, namespaceProperties }: CatalogTraits, open: OpenCatalog) {
  for (const [method, call] of Object.entries(CALLS)) {
    if (method === 'renameTable' && !renames) continue
    if (method === 'updateNamespace' && !namespaceProperties) continue
    catalogTest(name, `${method} does nothing for whoever has gone`, open, async (opened) => {
      const { catalog, other } = opened
      const { metadataLocation } = await createSalesOrders(opened)
      const running = call(catalog, metadataLocation, AbortSignal.abort(GONE))
      if (running === undefined) return
      await assert.rejects(running, (error) => isKind(error, 'aborted'))
      assert.deepEqual((await other.listNamespaces([])).items, [['sales']])
      assert.deepEqual((await other.listTables(['sales'])).items, [ORDERS])
      assert.equal((await other.loadTable(ORDERS)).metadataLocation, metadataLocation)
    })
  }
}

const GONE = new MoraineError('aborted', 'the client has gone')
const OTHER = { namespace: ['sales'], name: 'other' }
const SET = { requirements: [], updates: [{ action: 'set-properties', updates: { late: 'yes' } }] } as const

type Method = Exclude<keyof Catalog, 'name' | 'views' | 'dropped' | 'explainEmpty' | 'close'>

/** Each method of the port that takes a signal; `undefined` where a catalog has it not. */
const CALLS: Readonly<
  Record<Method, (catalog: Catalog, metadataLocation: string, signal: AbortSignal) => Promise<unknown> | undefined>
> = {
  listNamespaces: (catalog, _, signal) => catalog.listNamespaces([], undefined, signal),
  loadNamespace: (catalog, _, signal) => catalog.loadNamespace(['sales'], signal),
  createNamespace: (catalog, _, signal) => catalog.createNamespace(['other'], {}, signal),
  updateNamespace: (catalog, _, signal) => catalog.updateNamespace(['sales'], { set: { a: 'b' }, remove: [] }, signal),
  dropNamespace: (catalog, _, signal) => catalog.dropNamespace(['sales'], signal),
  listTables: (catalog, _, signal) => catalog.listTables(['sales'], undefined, signal),
  loadTable: (catalog, _, signal) => catalog.loadTable(ORDERS, signal),
  findMetadataLocation: (catalog, _, signal) => catalog.findMetadataLocation(ORDERS, signal),
  commitTable: (catalog, _, signal) => catalog.commitTable(ORDERS, SET, signal),
  commitTables: (catalog, _, signal) => catalog.commitTables?.([{ identifier: ORDERS, commit: SET }], signal),
  createTable: (catalog, _, signal) => catalog.createTable(OTHER, SALES_ORDERS_TABLE, signal),
  stageTable: (catalog, _, signal) => catalog.stageTable(OTHER, SALES_ORDERS_TABLE, signal),
  registerTable: (catalog, file, signal) => catalog.registerTable(OTHER, file, signal),
  overwriteTable: (catalog, file, signal) => catalog.overwriteTable?.(ORDERS, file, signal),
  dropTable: (catalog, _, signal) => catalog.dropTable(ORDERS, signal),
  purgeTable: (catalog, _, signal) => catalog.purgeTable?.(ORDERS, signal),
  renameTable: (catalog, _, signal) => catalog.renameTable(ORDERS, OTHER, signal),
  probeCommit: (catalog, _, signal) => catalog.probeCommit?.(ORDERS, signal),
  loadStorage: (catalog, _, signal) => catalog.loadStorage?.(ORDERS, undefined, signal),
}
