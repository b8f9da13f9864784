import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { type Reconcile, reconciler } from './reconciler.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

function setUp(run: Reconcile<string>) {
  const clock = virtualClock(0 as EpochMs)
  const loop = reconciler({ name: 'test', intervalMs: 1000, clock, log: SILENT_LOG, run })
  const steps = async (count: number) => {
    for (let step = 0; step < count; step += 1) {
      clock.step()
      await quiet()
    }
  }
  return { clock, loop, steps, signal: new AbortController().signal }
}

test('it looks at everything at the start, at each interval, and at what it is nudged to', async () => {
  const runs: string[] = []
  const { clock, loop, steps, signal } = setUp(async ({ all, keys }) => {
    runs.push(`${clock.now()} ${all ? 'all' : [...keys].join('+')}`)
    return {}
  })
  await loop.start(signal)
  await quiet()
  loop.nudge('a')
  loop.nudge('b')
  await quiet()
  loop.nudge()
  await quiet()
  await steps(2)
  await loop.stop()
  assert.deepEqual(runs, ['0 all', '0 a+b', '0 all', '1000 all', '2000 all'])
  assert.deepEqual(loop.lastRun(), { at: 2000, elapsedMs: 0, failure: undefined })
})

test('it comes back at the moment a run names, without hints', async () => {
  const runs: string[] = []
  const { clock, loop, steps, signal } = setUp(async ({ all, keys }) => {
    runs.push(`${clock.now()} ${all} ${keys.size}`)
    return { nextAt: clock.now() < 500 ? later(clock.now(), 300) : undefined }
  })
  await loop.start(signal)
  await quiet()
  await steps(3)
  await loop.stop()
  assert.deepEqual(runs, ['0 true 0', '300 false 0', '600 false 0', '1000 true 0'])
})

test('a nudge during a run causes another run, and runs never overlap', async () => {
  let running = 0
  let runs = 0
  const { clock, loop, steps, signal } = setUp(async () => {
    running += 1
    assert.equal(running, 1)
    runs += 1
    await clock.sleep(10)
    running -= 1
    return {}
  })
  await loop.start(signal)
  await quiet()
  loop.nudge('a')
  await steps(2)
  assert.equal(runs, 2)
  const stopped = loop.stop()
  await steps(3)
  await stopped
  assert.equal(runs, 2)
})

test('a failure is reported and everything is looked at again soon', async () => {
  const runs: string[] = []
  const { clock, loop, steps, signal } = setUp(async ({ all }) => {
    runs.push(`${clock.now()} ${all}`)
    if (runs.length === 1) throw new Error('no database')
    return {}
  })
  await loop.start(signal)
  await quiet()
  assert.equal(loop.lastRun()?.failure, 'no database')
  await steps(1)
  assert.equal(loop.lastRun()?.failure, undefined)
  assert.deepEqual(runs, ['0 true', '1000 true'])
  await loop.stop()
})

test('stopping twice is fine, and so is stopping what never started', async () => {
  const { loop, signal } = setUp(async () => ({}))
  await loop.stop()
  await loop.start(signal)
  await loop.stop()
  await loop.stop()
})

test('a wall clock that is set back, or ahead, does not change how often everything is looked at', async () => {
  for (const setMs of [-6 * 3_600_000, 6 * 3_600_000]) {
    const base = virtualClock(0)
    let aheadMs = 0
    const clock = { ...base, now: () => later(base.now(), aheadMs) }
    const runs: string[] = []
    const run: Reconcile<string> = async ({ all }) => {
      runs.push(`${base.now()} ${all}`)
      // Of a record that was made before the clock was set.
      return { nextAt: base.now() === 0 ? undefined : (4500 as EpochMs) }
    }
    const loop = reconciler({ name: 'test', intervalMs: 1000, clock, log: SILENT_LOG, run })
    await loop.start(new AbortController().signal)
    await quiet()
    aheadMs = setMs
    while (base.step(3000 as EpochMs)) await quiet()
    await loop.stop()
    const all = runs.filter((each) => each.endsWith('true'))
    assert.deepEqual(all, ['0 true', '1000 true', '2000 true', '3000 true'])
    if (setMs < 0) assert.deepEqual(runs, all)
  }
})
