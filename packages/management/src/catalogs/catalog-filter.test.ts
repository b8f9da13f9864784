import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { catalogFilter, filterInTheWay, storedFilter } from './catalog-filter.ts'

test('without filters everything passes', () => {
  const all = catalogFilter({ 'database-filter': '', warehouse: 'x' })
  assert.deepEqual([all.acceptsDatabase(['a']), all.acceptsTable(['a'], 'b')], [true, true])
})

test('an expression has to match the whole name', () => {
  const filter = catalogFilter({
    'database-filter': 'sales|ads',
    'table-filter': String.raw`sales\..*|(?:ads)\.clicks`,
  })
  const databases = [['sales'], ['ads'], ['sales_eu'], ['xads'], ['sales', 'eu']]
  assert.deepEqual(
    databases.map((database) => filter.acceptsDatabase(database)),
    [true, true, false, false, false],
  )
  assert.deepEqual(
    [
      filter.acceptsTable(['sales'], 'a'),
      filter.acceptsTable(['ads'], 'clicks2'),
      filter.acceptsTable(['ads'], 'clicks'),
    ],
    [true, false, true],
  )
  assert.equal(catalogFilter({ 'database-filter': String.raw`sales\.eu` }).acceptsDatabase(['sales', 'eu']), true)
  assert.equal(catalogFilter({ 'database-filter': '(?i)SALES' }).acceptsDatabase(['sales']), true)
})

test('the property is named that leaves something out', () => {
  const filter = catalogFilter({ 'database-filter': 'sales|ads', 'table-filter': String.raw`sales\..*` })
  const cases = [
    [['hr'], undefined, 'database-filter'],
    [['hr'], 'staff', 'database-filter'],
    [['ads'], undefined, undefined],
    [['ads'], 'clicks', 'table-filter'],
    [['sales'], 'orders', undefined],
  ] as const
  for (const [namespace, table, property] of cases) assert.equal(filterInTheWay(filter, namespace, table), property)
})

test('what is no expression is refused with the property', () => {
  for (const broken of ['(', 'a)(b', '[', '*', 'x{2,1}']) {
    assert.throws(
      () => catalogFilter({ 'table-filter': broken }),
      (error) => isKind(error, 'invalid-input') && /properties\.table-filter is no regular/.test(error.message),
      broken,
    )
  }
})

test('a filter of earlier times that cannot be used fails who asks it, not who opens the catalog', () => {
  const filter = storedFilter({ 'database-filter': '(a)\\1' })
  assert.throws(() => filter.acceptsDatabase(['a']), /properties\.database-filter .* back references/)
  assert.throws(() => filter.acceptsTable(['a'], 't'), /properties\.database-filter/)
  assert.equal(storedFilter({ 'table-filter': 'a\\.b' }).acceptsTable(['a'], 'b'), true)
})
