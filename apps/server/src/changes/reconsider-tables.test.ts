import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import { decideRefresh, recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { reconsiderTables } from './reconsider-tables.ts'

test('tables of the catalog are evaluated anew, those of others are not', async () => {
  const stores = memoryStores()
  const evaluation = buildEvaluation()
  const add = async (catalog: string) => {
    const name = { catalog, namespace: ['sales'], name: 'orders' }
    const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    const table = must(await stores.tables.findTable(tableId), 'table')
    await stores.state.apply(recordEvaluation(table, { ...evaluation, needed: undefined }, T0))
    return tableId
  }
  const tables = [await add('far'), await add('near')]
  const changed: TableId[] = []
  await reconsiderTables('far', { stores, onTableChanged: (tableId) => changed.push(tableId) })
  assert.deepEqual(changed, [tables[0]])
  const decisions = tables.map(async (tableId) =>
    decideRefresh(must(await stores.tables.findTable(tableId), 'table'), evaluation.metadataLocation, T0),
  )
  assert.deepEqual(await Promise.all(decisions), ['evaluate', 'unchanged'])
})
