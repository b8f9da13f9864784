import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import {
  createSalesOrders,
  creationUpdates,
  ORDERS,
  SALES_ORDERS_TABLE,
} from '@moraine/testkit/conformance/catalog-samples'
import { viewOf } from '@moraine/testkit/conformance/catalog-views'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { Catalog, TableCommit } from '../catalog.ts'
import { isClaimLost } from '../request-claim.ts'
import { internalCatalog } from './internal-catalog.ts'

const HERE = { keyHash: 'k', holder: 'here' }

async function setUp() {
  const stores = memoryStores()
  await stores.catalogs.addCatalog({ name: 'lake', type: 'ams', properties: {} })
  const io = memoryFileIO()
  const catalog = internalCatalog({
    ...{ name: 'lake', warehouse: 's3://b/wh', pointers: stores.pointers, underClaims: stores.underClaims },
    drops: { pointers: stores.drops, retentionMs: 1000 },
    ...{ io, clock: virtualClock(), random: seededRandom(5) },
    onLeftover: (error) => assert.fail(String(error)),
  })
  await createSalesOrders({ catalog })
  const claim = (holder: string, now: number) =>
    stores.answers.claimKey({ ...HERE, holder, requestHash: 'r', expiresAt: (now + 10) as EpochMs }, now as EpochMs)
  await claim('here', 0)
  return { catalog, io, under: must(catalog.under, 'claims are known')(HERE), takeOver: () => claim('there', 20) }
}

const OTHER = { ...ORDERS, name: 'other' }
const MARK: TableCommit = { requirements: [], updates: [{ action: 'set-properties', updates: { a: '1' } }] }
const VIEW = { ...ORDERS, name: 'v' }

const CHANGES: Readonly<Record<string, (catalog: Catalog) => Promise<unknown>>> = {
  drop: (catalog) => catalog.dropTable(ORDERS),
  'drop with a purge': (catalog) => must(catalog.dropped, 'drops').dropTable(ORDERS, { purge: true }),
  rename: (catalog) => catalog.renameTable(ORDERS, OTHER),
  create: (catalog) => catalog.createTable(OTHER, SALES_ORDERS_TABLE),
  'commit that creates': async (catalog) => {
    const staged = await catalog.stageTable(OTHER, SALES_ORDERS_TABLE)
    return catalog.commitTable(OTHER, { requirements: [{ type: 'assert-create' }], updates: creationUpdates(staged) })
  },
  commit: (catalog) => catalog.commitTable(ORDERS, MARK),
  transaction: (catalog) => must(catalog.commitTables, 'transactions')([{ identifier: ORDERS, commit: MARK }]),
  'new namespace': (catalog) => catalog.createNamespace(['more']),
  'properties of a namespace': (catalog) => catalog.updateNamespace(['sales'], { set: { a: '1' }, remove: [] }),
  view: (catalog) => must(catalog.views, 'views').createView(VIEW, viewOf('select 1')),
}

async function stateOf(catalog: Catalog, io: ReturnType<typeof memoryFileIO>) {
  const files: string[] = []
  for await (const { location } of io.list('s3://b/wh/')) files.push(location)
  const { items } = await must(catalog.dropped, 'drops').listDropped()
  return {
    namespaces: (await catalog.listNamespaces([])).items,
    properties: await catalog.loadNamespace(['sales']),
    tables: await Promise.all(
      (await catalog.listTables(['sales'])).items.map(async (each) => {
        const { metadataLocation } = await catalog.loadTable(each)
        return { name: each.name, metadataLocation }
      }),
    ),
    views: (await must(catalog.views, 'views').listViews(['sales'])).items,
    files: files.sort(),
    dropped: items,
  }
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what}: made while the claim of its request holds, and not at all once another server has it`, async () => {
    const { catalog, io, under, takeOver } = await setUp()
    const before = await stateOf(catalog, io)
    await takeOver()
    await assert.rejects(change(under), isClaimLost)
    assert.deepEqual(await stateOf(catalog, io), before)
    const again = await setUp()
    const outcome = await change(again.under)
    if (typeof outcome === 'object' && outcome !== null && 'kind' in outcome) assert.notEqual(outcome.kind, 'unknown')
    assert.notDeepEqual(await stateOf(again.catalog, again.io), before)
  })
}

test('commits of requests that are claimed are made together with others', async () => {
  const { catalog, under } = await setUp()
  const log = async () => (await catalog.loadTable(ORDERS)).metadata.metadataLog.length
  const before = await log()
  const set = (key: string): TableCommit => ({
    requirements: [],
    updates: [{ action: 'set-properties', updates: { [key]: 'x' } }],
  })
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? under : catalog).commitTable(ORDERS, set(`k${at}`))),
  )
  assert.ok(made.every(({ kind }) => kind === 'committed'))
  assert.equal((await log()) - before, 1)
})
