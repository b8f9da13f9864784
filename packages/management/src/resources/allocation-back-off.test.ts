import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import { at, buildOptimizer, buildResource } from '../testing/build.ts'
import { type LaunchHistory, launchBackOff } from './allocation-back-off.ts'

function failed(endedMs: number, ranMs = 1000) {
  const state = {
    status: 'ended',
    launchedAt: at(endedMs - ranMs),
    endedAt: at(endedMs),
    reason: `exit at ${endedMs}`,
    isFailure: true,
  } as const
  return buildResource({ resourceId: `failed-${endedMs}` as ResourceId, state })
}

function backOff(nowMs: number, history: Partial<LaunchHistory>) {
  return launchBackOff({ failed: [], resources: [], optimizers: [], ...history }, at(nowMs))
}

test('each failure in a row doubles the pause, to ten minutes', () => {
  const waits = (count: number) => {
    const row = Array.from({ length: count }, (_, index) => failed(1_000_000 - index * 10_000))
    const found = backOff(1_000_000, { failed: row })
    assert.equal(found?.failures, count)
    assert.equal(found?.reason, 'exit at 1000000')
    return (found?.until ?? 0) - at(1_000_000)
  }
  assert.deepEqual([1, 2, 3, 4, 10].map(waits), [1000, 2000, 4000, 8000, 512_000])
  assert.equal(backOff(1_001_000, { failed: [failed(1_000_000)] }), undefined)
})

test('an optimizer that came up and lives, a long run, and time end the row', () => {
  const row = [failed(1_000_000), failed(900_000), failed(800_000)]
  const alive = (registeredMs: number) => ({
    failed: row,
    resources: [buildResource({ state: { status: 'launched', launchedAt: at(0) } })],
    optimizers: [buildOptimizer({ registeredAt: at(registeredMs) })],
  })
  assert.equal(backOff(1_000_001, alive(1_000_001)), undefined)
  assert.equal(backOff(1_000_001, alive(850_000))?.failures, 2)
  assert.equal(
    backOff(1_000_001, { ...alive(1_000_001), resources: [] })?.failures,
    3,
    'one that was started by hand says nothing',
  )
  const ranLong = [failed(1_000_000), failed(900_000, 700_000), failed(800_000)]
  assert.equal(backOff(1_000_001, { failed: ranLong })?.failures, 2)
  assert.equal(backOff(1_000_001 + 3_600_000, { failed: row }), undefined)
  assert.equal(
    backOff(0, { failed: [failed(9_000_000)] })?.until,
    at(1000),
    'a clock ahead does not stop launches for long',
  )
})

test('while a container refuses an order no more is asked of it', () => {
  const state = {
    status: 'requested',
    attempts: 2,
    retryAt: at(9000),
    failure: 'forbidden: create deployments',
  } as const
  const found = backOff(5000, { resources: [buildResource({ state })] })
  assert.deepEqual(found, { failures: 2, reason: 'forbidden: create deployments', until: undefined })
  assert.equal(backOff(5000, { resources: [buildResource()] }), undefined)
})
