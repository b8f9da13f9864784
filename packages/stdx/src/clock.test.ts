import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

const SIXTY_DAYS_MS = 60 * 86_400_000

test('a sleep may be longer than the longest timer, which would fire at once', async (t) => {
  const delays: number[] = []
  t.mock.method(globalThis, 'setTimeout', (run: () => void, ms: number) => {
    delays.push(ms)
    queueMicrotask(run)
  })
  await systemClock.sleep(SIXTY_DAYS_MS)
  assert.ok(delays.every((ms) => ms < 2 ** 31))
  assert.equal(
    delays.reduce((sum, ms) => sum + ms, 0),
    SIXTY_DAYS_MS,
  )
})

test('an abort ends a sleep with its reason', async () => {
  const controller = new AbortController()
  const sleep = systemClock.sleep(SIXTY_DAYS_MS, controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(sleep, /enough/)
  await assert.rejects(systemClock.sleep(1, controller.signal), /enough/)
})
