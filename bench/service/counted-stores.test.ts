import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { countedStores } from './counted-stores.ts'
import { percentile } from './percentile.ts'

test('reads, writes and rows are counted until they are taken', async () => {
  const { stores, take } = countedStores(memoryStores())
  await stores.groups.saveGroup({ name: 'a', container: 'local', properties: {} })
  await stores.groups.saveGroup({ name: 'b', container: 'local', properties: {} })
  assert.equal((await stores.groups.listGroups()).length, 2)
  assert.equal(await stores.groups.findGroup('c'), undefined)
  await stores.state.apply([])
  const { reads, writes, rows, calls } = take()
  assert.deepEqual({ reads, writes, rows }, { reads: 2, writes: 2, rows: 2 })
  assert.deepEqual(calls['groups.saveGroup'], { calls: 2, rows: 0 })
  assert.equal(take().reads, 0)
})

test('a percentile is one of the values', () => {
  assert.deepEqual(
    [0, 0.5, 0.95, 1].map((share) => percentile([3, 1, 2, 4], share)),
    [1, 3, 4, 4],
  )
  assert.ok(Number.isNaN(percentile([], 0.5)))
})
