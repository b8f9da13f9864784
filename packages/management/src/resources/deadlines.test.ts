import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { ackedState, at, buildOptimizer, buildTask, OPTIMIZER_2, scheduledState, T0 } from '../testing/build.ts'
import { type DeadlineInput, decideDeadlines, drainOptimizer, endOptimizer } from './deadlines.ts'

const settings = { heartbeatTimeoutMs: 60_000, ackTimeoutMs: 30_000, executeTimeoutMs: 600_000 }

function decide(now: EpochMs, parts: Partial<DeadlineInput> = {}) {
  const decision = decideDeadlines({
    optimizers: [buildOptimizer()],
    assigned: [],
    settings,
    serviceStartedAt: 0 as EpochMs,
    now,
    ...parts,
  })
  return {
    expired: decision.expired.map(({ optimizerId }) => optimizerId as string),
    overdue: decision.overdue.map(({ reason }) => reason),
    nextAt: decision.nextAt,
  }
}

test('each deadline has its own moment, and the next one is named', () => {
  const assigned = [buildTask({ state: scheduledState() }), buildTask({ state: ackedState() })]
  assert.deepEqual(decide(at(29_999), { assigned }), { expired: [], overdue: [], nextAt: at(30_000) })
  assert.deepEqual(decide(at(30_000), { assigned }).overdue, [
    'not confirmed within 30000 ms (optimizer.task-ack-timeout)',
  ])
  const touched = [buildOptimizer({ state: { status: 'active', touchedAt: at(590_000) } })]
  assert.equal(decide(at(600_000), { assigned, optimizers: touched }).overdue.length, 2)
})

test('a silent optimizer expires, and its tasks are taken back at once', () => {
  const assigned = [buildTask({ state: ackedState() })]
  assert.deepEqual(decide(at(60_000), { assigned }), {
    expired: ['optimizer-1'],
    overdue: ['its optimizer optimizer-1 is gone'],
    nextAt: undefined,
  })
  assert.equal(
    decide(at(1), { assigned, optimizers: [buildOptimizer({ optimizerId: OPTIMIZER_2 })] }).overdue.length,
    1,
  )
})

test('no deadline runs while the service was away', () => {
  const assigned = [buildTask({ state: scheduledState() }), buildTask({ state: ackedState() })]
  const started = at(5_000_000)
  assert.deepEqual(decide(at(5_000_001), { assigned, serviceStartedAt: started }), {
    expired: [],
    overdue: [],
    nextAt: at(5_030_000),
  })
})

test('what was heard in the future is taken for heard when the service started', () => {
  const ahead = at(12 * 3_600_000)
  const optimizers = [buildOptimizer({ state: { status: 'active', touchedAt: ahead } })]
  const state = { ...ackedState(), ackedAt: ahead }
  const heard = { optimizers, assigned: [buildTask({ state })], serviceStartedAt: at(1000) }
  assert.deepEqual(decide(at(2000), heard), { expired: [], overdue: [], nextAt: at(61_000) })
  assert.deepEqual(decide(at(61_000), heard).expired, ['optimizer-1'])
})

test('an optimizer ends once and drains once', () => {
  const gone = buildOptimizer({ state: { status: 'gone', touchedAt: T0, goneAt: T0, reason: 'left' } })
  const draining = buildOptimizer({ state: { status: 'draining', touchedAt: T0 } })
  assert.equal(endOptimizer(buildOptimizer(), 'left', at(1)).length, 1)
  assert.equal(endOptimizer(draining, 'left', at(1)).length, 1)
  assert.deepEqual(endOptimizer(gone, 'left', at(1)), [])
  assert.equal(drainOptimizer(buildOptimizer(), at(1)).length, 1)
  assert.deepEqual(drainOptimizer(draining, at(1)), [])
})
