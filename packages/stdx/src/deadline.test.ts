import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { startDeadline, withinDeadline } from './deadline.ts'
import { isKind, MoraineError } from './error.ts'

const never = () => new Promise<never>(() => {})

test('work that takes too long is told to stop and named', async () => {
  const clock = virtualClock()
  let inner: AbortSignal | undefined
  const limit = { ms: 100, what: 'planning lake.sales.orders', remedy: 'look at the store' }
  const late = withinDeadline(clock, limit, (given) => {
    inner = given
    return never()
  })
  clock.step()
  await assert.rejects(
    late,
    (error) =>
      isKind(error, 'timeout') &&
      error.message === 'planning lake.sales.orders did not end within 100 ms; look at the store',
  )
  assert.equal(inner?.aborted, true)
})

test('work that ends in time leaves no timer behind; an abort ends it at once', async () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const limit = { ms: 100, what: 'x', signal: controller.signal }
  assert.equal(await withinDeadline(clock, limit, async () => 7), 7)
  assert.equal(clock.step(), false)
  const hanging = withinDeadline(clock, limit, never)
  controller.abort()
  await assert.rejects(hanging, (error) => isKind(error, 'aborted'))
  await assert.rejects(withinDeadline(clock, limit, never), (error) => isKind(error, 'aborted'))
  assert.equal(clock.step(), false)
})

test('a deadline that was ended no longer aborts, neither in time nor with its signal', () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const kept = startDeadline(clock, { ms: 5, what: 'x', signal: controller.signal })
  kept.end()
  clock.step()
  controller.abort(new MoraineError('aborted', 'stopped'))
  assert.equal(kept.signal.aborted, false)
})
