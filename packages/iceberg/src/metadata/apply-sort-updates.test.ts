import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SortField } from '../sort/sort-order.ts'
import type { TableUpdate } from './table-update.ts'
import { applied, exampleTable, refusal } from './testing/example-table.ts'

const BY_ID: SortField = { sourceIds: [1], transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }
const SET_LAST: TableUpdate = { action: 'set-default-sort-order', sortOrderId: -1 }

function add(orderId: number, ...fields: readonly SortField[]): TableUpdate {
  return { action: 'add-sort-order', sortOrder: { orderId, fields } }
}

test('orders are numbered from 1; 0 is unsorted', () => {
  const table = applied(exampleTable(), [add(9, BY_ID), SET_LAST, add(9, { ...BY_ID, direction: 'desc' })])
  assert.equal(table.defaultSortOrderId, 1)
  assert.deepEqual(
    table.sortOrders.map((order) => order.orderId),
    [0, 1, 2],
  )
  const unsorted = applied(table, [add(0), SET_LAST])
  assert.equal(unsorted.defaultSortOrderId, 0)
  assert.equal(applied(unsorted, [add(7, BY_ID), SET_LAST]).defaultSortOrderId, 1)
})

test('an order must go with the current schema', () => {
  const problem = (change: Partial<SortField>) => refusal(exampleTable(), add(1, { ...BY_ID, ...change }))
  const because = 'invalid-input: invalid sort order: a sort field '
  assert.equal(problem({ sourceIds: [9] }), `${because}has the source column 9, which is not in the schema`)
  assert.equal(problem({ sourceIds: [9], transform: { kind: 'void' } }), problem({ sourceIds: [9] }))
  assert.equal(problem({ transform: { kind: 'day' } }), `${because}cannot apply day to id of type long`)
})

test('the default order must be known', () => {
  assert.equal(
    refusal(exampleTable(), SET_LAST),
    'invalid-input: cannot set the last added sort order: no sort order has been added',
  )
  assert.equal(
    refusal(exampleTable(), { action: 'set-default-sort-order', sortOrderId: 4 }),
    'invalid-input: cannot set default sort order to unknown order 4',
  )
})
