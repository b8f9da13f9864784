import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualClock } from './virtual-clock.ts'

test('time passes only while all sleep, in order', async () => {
  const clock = virtualClock(1_000)
  const seen: string[] = []
  const worker = async (name: string, ms: number) => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(ms)
      seen.push(`${name} at ${clock.now()}`)
    }
  }
  await clock.run(Promise.all([worker('a', 86_400_000), worker('b', 50_000_000)]))
  assert.deepEqual(seen, [
    'b at 50001000',
    'a at 86401000',
    'b at 100001000',
    'b at 150001000',
    'a at 172801000',
    'a at 259201000',
  ])
})

test('a step moves to the next sleeper, in order of time and then of falling asleep', async () => {
  const clock = virtualClock(1000)
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

test('an abort ends a sleep at once', async () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const sleep = clock.sleep(1_000, controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(clock.run(sleep), /enough/)
  assert.equal(clock.now(), 0)
  assert.equal(clock.step(), false)
  await assert.rejects(clock.sleep(1, controller.signal), /enough/)
})

test('work that can never end is reported', async () => {
  await assert.rejects(virtualClock().run(new Promise(() => {})), /waits for what never comes/)
})

test('the failure of the work is the failure of the run', async () => {
  await assert.rejects(virtualClock().run(Promise.reject(new Error('boom'))), /boom/)
})

test('a wall clock that is set changes no sleep', async () => {
  const clock = virtualClock(1000)
  const sleep = clock.sleep(500)
  clock.set(-800)
  assert.deepEqual([clock.now(), clock.monotonicMs()], [200, 1000])
  await clock.run(sleep)
  assert.deepEqual([clock.now(), clock.monotonicMs()], [700, 1500])
})
