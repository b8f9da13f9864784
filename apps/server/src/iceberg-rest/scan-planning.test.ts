import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { PLAN_NAME, scanPlanning } from './scan-planning.ts'

test('each plan has a name of its own', () => {
  const planning = scanPlanning(seededRandom(1))
  const names = Array.from({ length: 100 }, () => planning.nextPlan())
  assert.equal(new Set(names).size, 100)
  for (const name of names) assert.match(name, PLAN_NAME)
})

test('so many cancelled plans are remembered, the last ones', () => {
  const planning = scanPlanning(seededRandom(1), 3)
  for (const plan of ['a', 'b', 'c', 'a', 'd']) planning.cancel(plan)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', undefined].map((plan) => planning.isCancelled(plan)),
    [true, false, true, true, false],
  )
})
