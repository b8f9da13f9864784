import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { changeUncertain } from '@moraine/catalogs/catalog-error'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { TableStore } from '@moraine/management/records/table-store'
import { buildTable } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { Nudge } from '../nudges/nudges.ts'
import { SILENT_LOG } from '../service/log.ts'
import { type ToldTableChange, tellTableChange } from './tell-table-change.ts'
import { tellingCatalog } from './telling-catalog.ts'

async function open(change: (catalog: Catalog) => Partial<Catalog> = () => ({})) {
  const { pointers, drops } = memoryCatalogs()
  const inner = internalCatalog({
    ...{ name: 'lake', warehouse: 's3://b/lake', pointers, drops: { pointers: drops, retentionMs: 1e9 } },
    ...{ io: memoryFileIO(), clock: virtualClock(), random: systemRandom, onLeftover: assert.fail },
  })
  const told: string[] = []
  const catalog = tellingCatalog({ ...inner, ...change(inner) }, ({ kind, table }) => {
    assert.deepEqual([table.catalog, table.namespace], ['lake', ['sales']])
    told.push(`${kind} ${table.name}`)
  })
  await catalog.createNamespace(['sales'])
  const since = () => told.splice(0)
  return { catalog, since }
}

const COMMENT = { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] } as const
const OTHER = { ...ORDERS, name: 'other' }

test('whatever changes a table is told of once, and what changes none is not', async () => {
  const { catalog, since } = await open()
  const { metadataLocation } = await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  assert.deepEqual(since(), ['written orders'])
  await catalog.commitTable(ORDERS, COMMENT)
  assert.deepEqual(since(), ['written orders'])
  await must(catalog.commitTables, 'transactions')([{ identifier: ORDERS, commit: COMMENT }])
  assert.deepEqual(since(), ['written orders'])
  await must(catalog.overwriteTable, 'overwriting')(ORDERS, metadataLocation)
  assert.deepEqual(since(), ['written orders'])
  await catalog.renameTable(ORDERS, OTHER)
  assert.deepEqual(since(), ['gone orders'])
  const dropped = must(catalog.dropped, 'drops')
  const { dropId } = await dropped.dropTable(OTHER, { purge: false })
  assert.deepEqual(since(), ['gone other'])
  await dropped.restoreDropped(dropId, ORDERS)
  assert.deepEqual(since(), ['written orders'])
  const refused = { ...COMMENT, requirements: [{ type: 'assert-table-uuid', uuid: 'x' }] } as const
  assert.equal((await catalog.commitTable(ORDERS, refused)).kind, 'conflict')
  await assert.rejects(catalog.dropTable(OTHER))
  await catalog.loadTable(ORDERS)
  await catalog.dropTable(ORDERS)
  assert.deepEqual(since(), ['gone orders'])
  await catalog.registerTable(ORDERS, metadataLocation)
  assert.deepEqual(since(), ['written orders'])
})

test('what may have been done is told of as well', async () => {
  const lost = () => Promise.reject(changeUncertain('table', ORDERS, 'changed', new Error('reset')))
  const { catalog, since } = await open(() => ({
    createTable: lost,
    dropTable: lost,
    commitTable: async () => ({ kind: 'unknown', cause: new Error('reset') }),
  }))
  await assert.rejects(catalog.createTable(ORDERS, SALES_ORDERS_TABLE))
  await assert.rejects(catalog.dropTable(ORDERS))
  await catalog.commitTable(ORDERS, COMMENT)
  assert.deepEqual(since(), ['written orders', 'gone orders', 'written orders'])
})

const KNOWN = { catalog: 'lake', namespace: ['sales'], name: 'orders' }

async function nudgesAfter(changes: readonly ToldTableChange[], listNamed: TableStore['listNamed']) {
  const nudged: Nudge[] = []
  const clock = virtualClock()
  const tell = tellTableChange({
    stores: { tables: { listNamed } },
    nudges: { send: (nudge) => nudged.push(nudge) },
    clock,
    log: SILENT_LOG,
  })
  for (const change of changes) tell(change)
  clock.step()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(clock.step(), false, 'one question for all')
  return nudged
}

test('a table that is known is looked at, and the catalog of any other is explored', async () => {
  const { tableId } = buildTable()
  const written = (name: string) => ({ kind: 'written', table: { ...KNOWN, name } }) as const
  const asked: string[] = []
  const nudged = await nudgesAfter(
    [written('orders'), written('new'), written('newer'), { kind: 'gone', table: KNOWN }, written('orders')],
    async (names) => {
      asked.push(...names.map(({ name }) => name))
      return [{ tableId, name: KNOWN }]
    },
  )
  const explorer = { to: 'explorer', catalog: 'lake' }
  assert.deepEqual(nudged, [explorer, { to: 'refresher', tableId }, explorer])
  assert.deepEqual(asked, ['orders', 'new', 'newer'])
})

test('where the database does not answer, nobody is told, and nothing fails', async () => {
  const failing = () => Promise.reject(new Error('database gone'))
  assert.deepEqual(await nudgesAfter([{ kind: 'written', table: KNOWN }], failing), [])
})
