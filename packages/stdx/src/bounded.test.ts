import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapBounded } from './bounded.ts'

test('keeps order and never exceeds the limit', async () => {
  let running = 0
  let most = 0
  const results = await mapBounded([5, 1, 3, 2, 4], 2, async (item) => {
    running += 1
    most = Math.max(most, running)
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve()
    running -= 1
    return item * 10
  })
  assert.deepEqual(results, [50, 10, 30, 20, 40])
  assert.equal(most, 2)
})

test('the first failure stops the rest and is thrown', async () => {
  const started: number[] = []
  const failing = mapBounded([0, 1, 2, 3], 1, async (item) => {
    started.push(item)
    if (item === 1) throw new Error('boom')
  })
  await assert.rejects(failing, /boom/)
  assert.deepEqual(started, [0, 1])
})
