import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { delegate } from './file-io-calls.ts'
import { withConcurrency } from './with-concurrency.ts'

const bytes = new Uint8Array(1)

fileIoConformance(
  'one call at a time',
  async () => {
    return { io: withConcurrency(memoryFileIO(), 1), root: '/root', dispose: async () => {} }
  },
  SMALL_SCALE,
)

/** A store in which each call takes 100 ms, and how many were under way at most. */
function setUp(limit: number) {
  const clock = virtualClock()
  const slow = faultyFileIO(memoryFileIO(), () => ({ kind: 'late', ms: 100 }), clock)
  let running = 0
  let most = 0
  const counted = {
    ...delegate(slow),
    write: async (...args: Parameters<typeof slow.write>) => {
      running += 1
      most = Math.max(most, running)
      return slow.write(...args).finally(() => (running -= 1))
    },
  }
  return { clock, io: withConcurrency(counted, limit), most: () => most }
}

test('never more calls at once than the limit, and all of them in the end', async () => {
  const { io, clock, most } = setUp(3)
  const outcomes = await clock.run(Promise.all(Array.from({ length: 10 }, (_, index) => io.write(`/${index}`, bytes))))
  assert.equal(outcomes.length, 10)
  assert.equal(most(), 3)
  assert.equal(clock.now(), 400)
})

test('a failure gives its place to the next', async () => {
  const { io, clock } = setUp(1)
  const failing = assert.rejects(io.read('/missing'), (error) => isKind(error, 'not-found'))
  await clock.run(Promise.all([failing, io.write('/a', bytes)]))
})

test('who stops waiting in line leaves the line', async () => {
  const { io, clock } = setUp(1)
  const controller = new AbortController()
  const first = io.write('/a', bytes)
  const second = io.write('/b', bytes, {}, controller.signal)
  const third = io.write('/c', bytes)
  controller.abort(new Error('enough'))
  await assert.rejects(second, (error) => isKind(error, 'aborted'))
  await clock.run(Promise.all([first, third]))
  assert.equal(clock.now(), 200)
  assert.equal(await clock.run(io.stat('/b')), undefined)
})

test('an open writer holds no place', async () => {
  const { io, clock } = setUp(1)
  const writers = await clock.run(Promise.all([io.openWriter('/a'), io.openWriter('/b')]))
  await clock.run(io.write('/c', bytes))
  for (const writer of writers) await clock.run(writer.close())
  assert.equal((await clock.run(Array.fromAsync(io.list('/')))).length, 3)
})
