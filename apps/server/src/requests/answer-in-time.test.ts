import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { restErrorOf } from '../iceberg-rest/rest-error.ts'
import { answerInTime } from './answer-in-time.ts'

const LIMITS = { readMs: 30_000, changeMs: 60_000 }
const NEVER = new AbortController().signal

function heeding(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

async function ended(isChange: boolean, run: (signal: AbortSignal) => Promise<unknown>, gone = NEVER) {
  const clock = virtualClock()
  const asked = { isChange, what: 'GET /x', gone }
  const error = await clock.run(
    answerInTime(clock, LIMITS, asked, run).then(
      () => assert.fail('answered'),
      (failure: unknown) => failure,
    ),
  )
  const { status, type, message } = restErrorOf(error)
  return { afterMs: clock.now(), status, type, message }
}

test('a read ends at its limit, whether its work heeds that or not', async () => {
  for (const run of [heeding, () => new Promise(() => {})]) {
    const { afterMs, status, message } = await ended(false, run)
    assert.deepEqual([afterMs, status], [30_000, 503])
    assert.match(message, /GET \/x did not end within 30000 ms; try again later/)
  }
})

test('a change that stops at its limit did nothing; of one that does not nobody knows', async () => {
  const stopped = await ended(true, heeding)
  assert.deepEqual([stopped.afterMs, stopped.status], [60_000, 503])
  const lost = await ended(true, () => new Promise(() => {}))
  assert.deepEqual([lost.afterMs, lost.status, lost.type], [65_000, 500, 'CommitStateUnknownException'])
  assert.match(
    lost.message,
    /^the change may or may not have been made: GET \/x did not end within 60000 ms; look at what it was to change before/,
  )
})

test('what is done in time is answered, also while it is told to stop', async () => {
  const clock = virtualClock()
  const asked = { isChange: true, what: 'POST /x', gone: NEVER }
  const late = answerInTime(clock, LIMITS, asked, async () => {
    await clock.sleep(62_000)
    return 'made'
  })
  assert.equal(await clock.run(late), 'made')
  assert.equal(await clock.run(answerInTime(clock, LIMITS, asked, async () => 'at once')), 'at once')
})

test('a client that goes stops its request', async () => {
  const hangUp = new AbortController()
  hangUp.abort(new MoraineError('aborted', 'the client has gone'))
  for (const isChange of [true, false]) {
    const { afterMs, message } = await ended(
      isChange,
      async (signal) => {
        signal.throwIfAborted()
      },
      hangUp.signal,
    )
    assert.deepEqual([afterMs, message], [0, 'the client has gone'])
  }
})
