import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { isUnsentRequest, type RestResponse } from './rest-transport.ts'
import { restTurns } from './rest-turns.ts'

const REQUEST = { method: 'GET', path: 'v1/namespaces' } as const

/** A server that answers when it is told to. */
function setUp() {
  const clock = virtualClock()
  const answers: (() => void)[] = []
  const send = restTurns({ name: 'far', clock })(async () => {
    await new Promise<void>((resolve) => answers.push(resolve))
    return { status: 204, what: 'GET' } satisfies RestResponse
  })
  return { clock, answers, send }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('so many requests are under way at a time, and the next goes when one has ended, first come first served', async () => {
  const { answers, send } = setUp()
  const ended: number[] = []
  const all = Array.from({ length: 66 }, (_, at) => send(REQUEST).then(() => ended.push(at)))
  await settled()
  assert.equal(answers.length, 64)
  answers[5]?.()
  await settled()
  assert.deepEqual([answers.length, ended], [65, [5]])
  answers[64]?.()
  await settled()
  assert.deepEqual([answers.length, ended], [66, [5, 64]])
  for (const answer of answers) answer()
  await Promise.all(all)
})

test('who has no turn in time is told so, and that nothing was sent', async () => {
  const { clock, answers, send } = setUp()
  const held = Array.from({ length: 64 }, () => send(REQUEST))
  await settled()
  const refused = assert.rejects(
    clock.run(send(REQUEST)),
    (error) =>
      isKind(error, 'unavailable') &&
      error instanceof MoraineError &&
      isUnsentRequest(error) &&
      /64 requests to catalog far are under way/.test(error.message),
  )
  await refused
  assert.equal(answers.length, 64)
  for (const answer of answers) answer()
  await Promise.all(held)
})

test('a request that failed gives its turn back, and so does one that nobody waits for', async () => {
  const send = restTurns({ name: 'far', clock: virtualClock() })(async () => {
    throw new MoraineError('unavailable', 'no answer')
  })
  for (let at = 0; at < 200; at += 1) await assert.rejects(send(REQUEST), /no answer/)
  await assert.rejects(send(REQUEST, AbortSignal.abort()), /waiting for a turn was aborted/)
})
