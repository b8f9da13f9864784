import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optimizingSearch } from './search.ts'

test('an address says what is shown, and what it cannot mean is left out', () => {
  const shown = { view: 'optimizers', group: 'large', status: 'pending', q: 'orders', page: 3 }
  assert.deepEqual(optimizingSearch(shown), shown)
  assert.deepEqual(optimizingSearch({ group: 7, q: 2024 }), { ...optimizingSearch({}), group: '7', q: '2024' })
  const nothing = { view: undefined, group: undefined, status: undefined, q: undefined, page: undefined }
  assert.deepEqual(optimizingSearch({ view: 'x', group: '', status: ['idle'], q: {}, page: '0' }), nothing)
  assert.deepEqual(optimizingSearch({ page: 1.5 }), nothing)
})
