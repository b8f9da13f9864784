import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { randomFaults } from '@moraine/testkit/faults/fault-plan'
import { type Fault, faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { withRetry } from './with-retry.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const BEFORE: Fault = { kind: 'before', error: 'unavailable' }
const AFTER: Fault = { kind: 'after', error: 'timeout' }

/** A store whose first calls suffer these faults, and the same with retries. */
function setUp(...faults: readonly (Fault | undefined)[]) {
  const clock = virtualClock()
  const inner = memoryFileIO()
  let calls = 0
  const faulty = faultyFileIO(inner, () => faults[calls++], clock)
  const io = withRetry(faulty, { clock, random: seededRandom(1) })
  return { clock, inner, io, calls: () => calls }
}

fileIoConformance('with retries', async () => ({ io: setUp().io, root: '/root', dispose: async () => {} }), SMALL_SCALE)

test('calls that failed are made again, after growing pauses', async () => {
  const { io, inner, clock, calls } = setUp(BEFORE, BEFORE, BEFORE)
  await inner.write('/a', bytesOf('x'))
  assert.equal(textOf(await clock.run(io.read('/a'))), 'x')
  assert.equal(calls(), 4)
  assert.ok(clock.now() >= 700 && clock.now() <= 1_400, `${clock.now()} ms`)
})

test('after five attempts the last failure is thrown, with their number', async () => {
  const { io, clock, calls } = setUp(...Array.from({ length: 10 }, () => BEFORE))
  await assert.rejects(clock.run(io.stat('/a')), (error) => {
    return isKind(error, 'unavailable') && error.message.endsWith('unavailable (tried 5 times)')
  })
  assert.equal(calls(), 5)
})

test('what would fail again is not tried again', async () => {
  const { io, clock, calls } = setUp({ kind: 'before', error: 'permission' })
  await assert.rejects(clock.run(io.read('/a')), (error) => isKind(error, 'permission'))
  await assert.rejects(clock.run(io.read('/a')), (error) => isKind(error, 'not-found'))
  assert.equal(calls(), 2)
  assert.equal(clock.now(), 0)
})

test('a create that happened although it failed is ours', async () => {
  const { io, inner, clock } = setUp(AFTER)
  assert.equal(await clock.run(io.write('/a', bytesOf('mine'), { createOnly: true })), 'written')
  assert.equal(textOf(await inner.read('/a')), 'mine')
})

test('a create that failed and lost the race to another is not ours', async () => {
  const { io, inner, clock } = setUp(BEFORE)
  const creating = io.write('/a', bytesOf('mine'), { createOnly: true })
  await inner.write('/a', bytesOf('theirs'))
  assert.equal(await clock.run(creating), 'exists')
  assert.equal(textOf(await inner.read('/a')), 'theirs')
})

test('a create whose first attempt is refused does not read', async () => {
  const { io, inner, clock, calls } = setUp()
  await inner.write('/a', bytesOf('mine'))
  assert.equal(await clock.run(io.write('/a', bytesOf('mine'), { createOnly: true })), 'exists')
  assert.equal(calls(), 1)
})

test('an abort ends the pause, with its reason', async () => {
  const { io, clock } = setUp(BEFORE)
  const controller = new AbortController()
  const reading = io.read('/a', controller.signal)
  const stop = new MoraineError('aborted', 'shutting down')
  setImmediate(() => controller.abort(stop))
  await assert.rejects(reading, (error) => error === stop)
  assert.equal(clock.now(), 0)
})

test('a listing is begun again, but not in its middle', async () => {
  const begun = setUp(BEFORE)
  await begun.inner.write('/d/a', bytesOf('x'))
  assert.equal((await begun.clock.run(Array.fromAsync(begun.io.list('/d/')))).length, 1)
  const middle = setUp(AFTER)
  await middle.inner.write('/d/a', bytesOf('x'))
  await assert.rejects(middle.clock.run(Array.fromAsync(middle.io.list('/d/'))), (error) => isKind(error, 'timeout'))
})

test('whatever fails, of racing creators at most one believes to have written, and it has', async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const clock = virtualClock()
    const inner = memoryFileIO()
    const plan = randomFaults(seededRandom(seed), { before: 200, after: 200, late: 300, latestMs: 1_000 })
    const io = withRetry(faultyFileIO(inner, plan, clock), { clock, random: seededRandom(seed) })
    const creators = Array.from({ length: 4 }, (_, creator) =>
      io.write('/v1', bytesOf(`creator ${creator}`), { createOnly: true }).catch((error: unknown) => {
        assert.ok(isKind(error, 'unavailable') || isKind(error, 'timeout'), String(error))
        return 'unknown' as const
      }),
    )
    const outcomes = await clock.run(Promise.all(creators))
    const holder = await inner.stat('/v1').then((found) => found && inner.read('/v1'))
    const written = outcomes.flatMap((outcome, creator) => (outcome === 'written' ? [creator] : []))
    assert.ok(written.length <= 1, `seed ${seed}: ${outcomes}`)
    for (const creator of written) assert.equal(textOf(holder ?? bytesOf('')), `creator ${creator}`, `seed ${seed}`)
    if (outcomes.includes('exists')) assert.ok(holder, `seed ${seed}: ${outcomes}`)
  }
})
