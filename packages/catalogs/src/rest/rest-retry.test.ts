import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { withRestRetries } from './rest-retry.ts'
import type { RestRequest } from './rest-transport.ts'
import { parseRetryAfter } from './retry-after.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z') as EpochMs

/** A transport that gives these answers in turn, the last for ever, and the pauses between them. */
function answering(retries: number, ...answers: readonly (number | [status: number, retryAfterMs: number])[]) {
  const pauses: number[] = []
  const clock: Clock = {
    now: () => NOW,
    monotonicMs: () => 0,
    async sleep(ms) {
      pauses.push(ms)
    },
  }
  const queue = [...answers]
  const transport = withRestRetries(
    async () => {
      const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? 200
      const [status, retryAfterMs] = typeof answer === 'number' ? [answer] : answer
      return { status, what: 'GET x', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    },
    { clock, retries },
  )
  const send = async (method: RestRequest['method'], signal?: AbortSignal) =>
    (await transport({ method, path: 'x' }, signal)).status
  return { send, pauses }
}

test('what a server turned away is asked again after growing pauses, or those it asks for', async () => {
  const { send, pauses } = answering(5, 503, 502, [504, 3000], 200)
  assert.equal(await send('GET'), 200)
  assert.deepEqual(pauses, [200, 400, 3000])
})

test('a change is made again only if the server says that it did nothing', async () => {
  const busy = answering(5, 429, 200)
  assert.equal(await busy.send('POST'), 200)
  for (const status of [500, 502, 503, 504]) {
    const { send, pauses } = answering(5, status, 200)
    assert.equal(await send('POST'), status)
    assert.deepEqual(pauses, [])
  }
})

test('patience ends with the retries, and with a pause that is too long', async () => {
  const { send, pauses } = answering(2, 429)
  assert.equal(await send('GET'), 429)
  assert.equal(pauses.length, 2)
  const long = answering(2, [429, 3_600_000])
  assert.equal(await long.send('GET'), 429)
  assert.deepEqual(long.pauses, [])
})

test('a caller that gives up during a pause is aborted', async () => {
  await assert.rejects(answering(2, 429).send('GET', AbortSignal.abort()), (error) => isKind(error, 'aborted'))
})

test('Retry-After is seconds or a time', () => {
  const read = (text: string | null) => parseRetryAfter(text, { now: () => NOW })
  assert.equal(read('120'), 120_000)
  assert.equal(read('Thu, 01 Jan 2026 00:00:30 GMT'), 30_000)
  assert.equal(read('Wed, 31 Dec 2025 00:00:00 GMT'), 0)
  assert.equal(read('soon'), undefined)
  assert.equal(read(null), undefined)
})
