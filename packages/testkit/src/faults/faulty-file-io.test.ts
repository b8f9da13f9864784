import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIoCall } from '@moraine/storage/file-io-calls'
import { fileIoConformance, SMALL_SCALE } from '../conformance/file-io.ts'
import { memoryFileIO } from '../memory-file-io.ts'
import { virtualClock } from '../virtual-clock.ts'
import { anyFault, diskOf, randomFaults } from './fault-plan.ts'
import { type Fault, type FaultPlan, faultyFileIO } from './faulty-file-io.ts'

const bytes = new TextEncoder().encode('0123456789')

function withPlan(plan: FaultPlan) {
  const clock = virtualClock()
  const inner = memoryFileIO()
  return { clock, inner, io: faultyFileIO(inner, plan, clock) }
}

/** The fault for calls of one operation. */
const only =
  (operation: FileIoCall['operation'], fault: Fault): FaultPlan =>
  (call) =>
    call.operation === operation ? fault : undefined

fileIoConformance(
  'without faults',
  async () => {
    return { io: withPlan(() => undefined).io, root: '/root', dispose: async () => {} }
  },
  SMALL_SCALE,
)

test('a fault before a write leaves nothing, one after it everything', async () => {
  const before = withPlan(only('write', { kind: 'before', error: 'unavailable' }))
  await assert.rejects(before.io.write('/a', bytes), (error) => isKind(error, 'unavailable'))
  assert.deepEqual(before.inner.locations(), [])
  const after = withPlan(only('write', { kind: 'after', error: 'timeout' }))
  await assert.rejects(after.io.write('/a', bytes), (error) => isKind(error, 'timeout'))
  assert.deepEqual(await after.inner.read('/a'), bytes)
})

test('a close that fails afterwards has made the object', async () => {
  const { io, inner } = withPlan(only('writerClose', { kind: 'after', error: 'unavailable' }))
  const writer = await io.openWriter('/a')
  await writer.write(bytes)
  await assert.rejects(writer.close(), (error) => isKind(error, 'unavailable'))
  assert.deepEqual(await inner.read('/a'), bytes)
})

test('what is late takes virtual time only', async () => {
  const { io, clock } = withPlan(only('read', { kind: 'late', ms: 3_600_000 }))
  await clock.run(io.write('/a', bytes))
  assert.equal(clock.now(), 0)
  assert.deepEqual(await clock.run(io.read('/a')), bytes)
  assert.equal(clock.now(), 3_600_000)
})

test('short reads', async () => {
  const { io } = withPlan((call) => (call.operation.startsWith('read') ? { kind: 'short' } : undefined))
  await io.write('/a', bytes)
  assert.deepEqual(await io.read('/a'), bytes.slice(0, 5))
  await assert.rejects(io.readRange('/a', 0, 4), (error) => isKind(error, 'corrupt'))
})

test('a listing fails at its beginning or at its end', async () => {
  for (const [kind, listed] of [
    ['before', 0],
    ['after', 2],
  ] as const) {
    const { io } = withPlan(only('list', { kind, error: 'unavailable' }))
    for (const name of ['a', 'b']) await io.write(`/d/${name}`, bytes)
    let seen = 0
    const list = async () => {
      for await (const _status of io.list('/d/')) seen += 1
    }
    await assert.rejects(list(), (error) => isKind(error, 'unavailable'))
    assert.equal(seen, listed)
  }
})

test('a full disk refuses what does not fit', async () => {
  const { io, inner } = withPlan(diskOf(25))
  await io.write('/a', bytes)
  const writer = await io.openWriter('/b')
  await writer.write(bytes)
  await assert.rejects(writer.write(bytes), (error) => isKind(error, 'exhausted'))
  await writer.abort()
  await assert.rejects(io.write('/c', bytes), (error) => isKind(error, 'exhausted'))
  await io.write('/d', bytes.slice(0, 5))
  assert.deepEqual(inner.locations(), ['/a', '/d'])
})

test('a seed decides the faults, and rates how many', () => {
  const call: FileIoCall = { operation: 'read', location: '/a', sizeBytes: 0, objects: 1 }
  const faults = (seed: number) => {
    const plan = anyFault(diskOf(0), randomFaults(seededRandom(seed), { before: 100, after: 50, late: 200, short: 25 }))
    return Array.from({ length: 4_000 }, () => plan(call))
  }
  assert.deepEqual(faults(1), faults(1))
  assert.notDeepEqual(faults(1), faults(2))
  const counted = Map.groupBy(faults(3), (fault) => fault?.kind)
  for (const [kind, expected] of [
    ['before', 400],
    ['after', 200],
    ['late', 800],
    ['short', 100],
  ] as const) {
    const count = counted.get(kind)?.length ?? 0
    assert.ok(Math.abs(count - expected) < 0.3 * expected, `${kind}: ${count}`)
  }
})
