import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { type Fault, faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { FileIO } from './file-io.ts'
import { delegate, type FileIoCall } from './file-io-calls.ts'
import { withTimeout } from './with-timeout.ts'

const bytes = new Uint8Array(2 ** 20)

function setUp(late: (call: FileIoCall) => number) {
  const clock = virtualClock()
  const inner = memoryFileIO()
  const plan = (call: FileIoCall): Fault => ({ kind: 'late', ms: late(call) })
  const io = withTimeout(faultyFileIO(inner, plan, clock), { clock, baseMs: 1_000 })
  return { clock, inner, io }
}

const timesOut = (promise: Promise<unknown>, naming: RegExp) =>
  assert.rejects(promise, (error) => isKind(error, 'timeout') && naming.test(error.message))

fileIoConformance(
  'with deadlines',
  async () => {
    return { io: withTimeout(memoryFileIO(), { clock: virtualClock() }), root: '/root', dispose: async () => {} }
  },
  SMALL_SCALE,
)

test('a call that takes too long is given up, and has not happened', async () => {
  const { io, inner, clock } = setUp(() => 5_000)
  await timesOut(clock.run(io.stat('/a')), /^stat of \/a did not end within 1000 ms/)
  assert.equal(clock.now(), 1_000)
  await timesOut(clock.run(io.write('/a', new Uint8Array(1))), /^write of \/a/)
  await timesOut(clock.run(io.remove(['/a', '/b'])), /^remove of \/a/)
  await timesOut(clock.run(io.openWriter('/a')), /^openWriter of \/a/)
  assert.deepEqual(inner.locations(), [])
})

test('bytes and objects have their time', async () => {
  const { io, clock } = setUp(({ operation }) => (operation === 'stat' ? 0 : 1_500))
  assert.equal(await clock.run(io.write('/a', bytes)), 'written')
  assert.equal((await clock.run(io.readRange('/a', 0, bytes.length))).length, bytes.length)
  assert.equal((await clock.run(io.read('/a'))).length, bytes.length)
  await clock.run(io.remove(Array.from({ length: 1_001 }, (_, index) => `/b/${index}`)))
  await timesOut(clock.run(io.readRange('/a', 0, 1)), /^readRange of \/a/)
})

test('a deadline holds for each call of a writer, not for its life', async () => {
  const { io, clock } = setUp(({ operation }) => (operation === 'writerClose' ? 5_000 : 900))
  const writer = await clock.run(io.openWriter('/a'))
  for (let part = 0; part < 10; part += 1) await clock.run(writer.write(new Uint8Array(1)))
  assert.ok(clock.now() > 9_000)
  await timesOut(clock.run(writer.close()), /^writerClose of \/a/)
})

test('a listing may take its time, but no step of it', async () => {
  const clock = virtualClock()
  const slow = (pauses: readonly number[]): FileIO => ({
    ...delegate(memoryFileIO()),
    list: async function* (prefix, signal) {
      for (const ms of pauses) {
        await clock.sleep(ms, signal)
        yield { location: `${prefix}${ms}`, sizeBytes: 0, modifiedAt: clock.now() }
      }
    },
  })
  const list = (pauses: readonly number[]) =>
    clock.run(Array.fromAsync(withTimeout(slow(pauses), { clock, baseMs: 1_000 }).list('/d/')))
  assert.equal((await list(Array.from({ length: 20 }, () => 990))).length, 20)
  await timesOut(list([10, 10, 5_000]), /^listing \/d\/ did not end within 1000 ms/)
})

test('a consumer that pauses is no stalled step', async () => {
  const clock = virtualClock()
  const inner = memoryFileIO()
  for (const name of ['a', 'b', 'c']) await inner.write(`/d/${name}`, bytes)
  const io = withTimeout(inner, { clock, baseMs: 1_000 })
  const consume = async () => {
    let seen = 0
    for await (const _status of io.list('/d/')) {
      seen += 1
      await clock.sleep(10_000)
    }
    return seen
  }
  assert.equal(await clock.run(consume()), 3)
})

test('a store that does not listen to its signal is not waited for', async () => {
  const clock = virtualClock()
  const never = new Promise<never>(() => {})
  const deaf: FileIO = {
    ...delegate(memoryFileIO()),
    read: () => never,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) }),
  }
  const io = withTimeout(deaf, { clock, baseMs: 1_000 })
  await timesOut(clock.run(io.read('/a')), /^read of \/a/)
  await timesOut(clock.run(Array.fromAsync(io.list('/a/'))), /^listing \/a\//)
})

test('the caller’s abort comes through as itself', async () => {
  const { io, clock } = setUp(() => 500)
  const controller = new AbortController()
  const reading = io.read('/a', controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(
    clock.run(reading),
    (error) => isKind(error, 'aborted') && error.cause === controller.signal.reason,
  )
})
