import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginPlanning, failPlanning } from '@moraine/management/optimizing/plan-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { requestOptimizing } from '../changes/request-optimizing.ts'
import { announcing, type Nudge } from './nudges.ts'

test('a request for a table that waits already, after failures, is told to the planner', async () => {
  const raw = memoryStores()
  const name = { catalog: 'lake', namespace: ['a'], name: 't' }
  const { tableId } = await raw.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const found = async () => must(await raw.tables.findTable(tableId), 'the table')
  await raw.state.apply(recordEvaluation(await found(), buildEvaluation(), T0))
  await raw.state.apply(beginPlanning(await found(), T0))
  await raw.state.apply(failPlanning(await found(), 'the store did not answer', T0))
  const nudges: Nudge[] = []
  const stores = { ...raw, state: announcing(raw.state, (nudge) => nudges.push(nudge)) }
  assert.equal(await requestOptimizing(stores, virtualClock(T0), tableId, { type: 'full' }), 'accepted')
  assert.equal((await found()).state.phase, 'pending')
  assert.deepEqual(nudges, [{ to: 'planner' }])
})
