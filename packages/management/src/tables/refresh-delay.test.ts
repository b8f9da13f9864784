import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import { nextRefreshDelay } from './refresh-delay.ts'

const limits = { shortestMs: 60_000, longestMs: 300_000, stepMs: 30_000 }
const next = (
  previous: number | undefined,
  outcome: Parameters<typeof nextRefreshDelay>[1],
  minorIntervalMs = 3_600_000,
) => nextRefreshDelay(previous, outcome, { ...DEFAULT_TABLE_SETTINGS, minorIntervalMs }, limits)

test('tables at rest are looked at ever less often, changing ones as often as allowed', () => {
  assert.equal(next(undefined, 'unchanged'), 60_000)
  assert.equal(next(60_000, 'unchanged'), 90_000)
  assert.equal(next(290_000, 'unchanged'), 300_000)
  assert.equal(next(300_000, 'changed'), 150_000)
  assert.equal(next(90_000, 'changed'), 60_000)
  assert.equal(next(90_000, 'failed'), 180_000)
})

test('a short trigger interval of the table shortens the delay, none at all does not', () => {
  assert.equal(next(undefined, 'changed', 10_000), 8_000)
  assert.equal(next(undefined, 'changed', -1), 60_000)
})
