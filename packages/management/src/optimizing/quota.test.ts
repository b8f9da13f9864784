import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quotaOccupation, quotaThreads } from './quota.ts'

test('a quota up to 1 is a share of the threads, above it is a number of threads', () => {
  assert.equal(quotaThreads(0.5, 4), 2)
  assert.equal(quotaThreads(0.5, 1), 1)
  assert.equal(quotaThreads(1, 7), 7)
  assert.equal(quotaThreads(2.9, 100), 2)
  assert.equal(quotaThreads(0, 8), 0)
})

test('occupation is the used time over what the quota allows in an hour', () => {
  assert.equal(quotaOccupation(3_600_000, 0.5, 4), 0.5)
  assert.equal(quotaOccupation(3_600_000, 0, 4), 1)
})
