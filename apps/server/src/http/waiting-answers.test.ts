import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { eventually } from '@moraine/testkit/eventually'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { boundWaitingAnswers, lateAnswers, type WaitingLimits } from './waiting-answers.ts'

const LIMITS: WaitingLimits = { ms: 60_000, bytes: 250, graceMs: 5000 }

test('an answer is late after its time, or, of too many bytes, the eldest are after a grace', () => {
  const cases: readonly (readonly [
    string,
    readonly (readonly [key: string, ageMs: number, bytes: number])[],
    string,
  ])[] = [
    ['nothing waits', [], ''],
    ['few wait', [['a', 59_999, 250]], ''],
    [
      'time is up',
      [
        ['a', 60_000, 1],
        ['b', 1, 1],
      ],
      'a',
    ],
    [
      'too much waits',
      [
        ['a', 9000, 100],
        ['b', 8000, 100],
        ['c', 7000, 100],
      ],
      'a',
    ],
    [
      'what is given up counts no more',
      [
        ['a', 60_000, 100],
        ['b', 9000, 100],
        ['c', 8000, 100],
      ],
      'a',
    ],
    [
      'as many as it takes',
      [
        ['a', 9000, 100],
        ['b', 8000, 100],
        ['c', 7000, 300],
      ],
      'a b c',
    ],
    ['none within the grace', [['a', 4999, 900]], ''],
    [
      'what holds nothing is none of them',
      [
        ['a', 9000, 0],
        ['b', 8000, 300],
      ],
      'b',
    ],
  ]
  for (const [why, answers, late] of cases) {
    const waiting = answers.map(([key, ageMs, bytes]) => [key, { bytes, sinceMs: 100_000 - ageMs }] as const)
    assert.equal(
      lateAnswers(waiting, 100_000, LIMITS)
        .map(([key]) => key)
        .join(' '),
      late,
      why,
    )
  }
})

// More than the system's buffers take.
const ANSWER_BYTES = 16 * 1024 * 1024

test('who does not read is disconnected, and who reads is answered', { timeout: 30_000 }, async () => {
  const clock = virtualClock()
  const givenUp: object[] = []
  const server = Fastify({ forceCloseConnections: true })
  boundWaitingAnswers(server, {
    clock,
    limits: { ms: 60_000, bytes: 2.5 * ANSWER_BYTES, graceMs: 5000 },
    onGivenUp: (event) => givenUp.push(event),
  })
  server.get('/large', async () => 'x'.repeat(ANSWER_BYTES))
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as AddressInfo
  const answers: ServerResponse[] = []
  server.server.on('request', (_, response: ServerResponse) => answers.push(response))
  const sockets: Socket[] = []
  const askAndNotRead = async () => {
    const sent = once(server.server, 'request')
    const socket = connect(port, '127.0.0.1').pause()
    sockets.push(socket)
    socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
    await sent
    await eventually('the answer', () => (answers.at(-1)?.writableEnded === true ? true : undefined))
  }
  /** Lets a second pass. */
  const look = async () => {
    assert.ok(clock.step(), 'nobody looks after what waits')
    await new Promise(setImmediate)
  }
  const closed = () => answers.map(({ destroyed, writableFinished }) => destroyed && !writableFinished)
  try {
    for (let asked = 0; asked < 3; asked += 1) await askAndNotRead()
    for (let second = 1; second < 5; second += 1) await look()
    assert.deepEqual(closed(), [false, false, false], 'within the grace')
    await look()
    assert.deepEqual(closed(), [true, false, false], 'the eldest, of too many')
    assert.deepEqual(givenUp, [{ connections: 1, bytes: ANSWER_BYTES }])
    const whole = await fetch(`http://127.0.0.1:${port}/large`)
    assert.equal((await whole.text()).length, ANSWER_BYTES)
    while (givenUp.length < 2) await look()
    assert.equal(clock.monotonicMs(), 60_000)
    assert.deepEqual(closed(), [true, true, true, false])
    assert.equal(clock.step(), false, 'nothing is looked after any more')
  } finally {
    for (const socket of sockets) socket.destroy()
    await server.close()
  }
})
