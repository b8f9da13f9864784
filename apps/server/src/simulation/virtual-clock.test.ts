import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { virtualClock } from './virtual-clock.ts'

test('time moves from sleeper to sleeper, in order of time and then of beginning', async () => {
  const clock = virtualClock(1000 as EpochMs)
  const woken: string[] = []
  const sleep = (name: string, ms: number) => clock.sleep(ms).then(() => woken.push(`${name} at ${clock.now()}`))
  const all = [sleep('b', 20), sleep('a', 10), sleep('c', 20)]
  assert.equal(clock.step(), true)
  await all[1]
  assert.deepEqual(woken, ['a at 1010'])
  clock.step()
  clock.step()
  await Promise.all(all)
  assert.deepEqual(woken, ['a at 1010', 'b at 1020', 'c at 1020'])
  assert.equal(clock.step(), false)
})

test('an aborted sleep rejects and is not waited for', async () => {
  const clock = virtualClock(0 as EpochMs)
  const controller = new AbortController()
  const slept = clock.sleep(10, controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(slept, /enough/)
  await assert.rejects(clock.sleep(10, controller.signal), /enough/)
  assert.equal(clock.step(), false)
})
