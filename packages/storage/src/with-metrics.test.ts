import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { type FileIoEvent, withMetrics } from './with-metrics.ts'

function setUp() {
  const clock = virtualClock()
  const events: FileIoEvent[] = []
  const slow = faultyFileIO(memoryFileIO(), () => ({ kind: 'late', ms: 10 }), clock)
  return { clock, events, io: withMetrics(slow, { record: (event) => events.push(event) }, clock) }
}

fileIoConformance(
  'with metrics',
  async () => {
    const io = withMetrics(memoryFileIO(), { record: () => {} }, virtualClock())
    return { io, root: '/root', dispose: async () => {} }
  },
  SMALL_SCALE,
)

test('every operation is told once, with what it moved and how long it took', async () => {
  const { io, clock, events } = setUp()
  await clock.run(io.write('s3://b/a', new Uint8Array(7)))
  await clock.run(io.write('s3://b/a', new Uint8Array(9), { createOnly: true }))
  await clock.run(io.read('s3://b/a'))
  await clock.run(io.readRange('s3://b/a', 1, 3))
  await clock.run(io.stat('/a'))
  await clock.run(Array.fromAsync(io.list('s3://b/')))
  await clock.run(io.remove(['s3://b/a', 's3://b/none']))
  const event = (operation: FileIoEvent['operation'], bytes: number, objects: number, scheme = 's3') => {
    return { operation, scheme, outcome: 'done', bytes, objects, durationMs: 10 }
  }
  assert.deepEqual(events, [
    event('write', 7, 1),
    event('write', 0, 0),
    event('read', 7, 1),
    event('read', 3, 1),
    event('stat', 0, 1, 'file'),
    event('list', 0, 1),
    event('remove', 0, 2),
  ])
})

test('a writer counts once, when it ends', async () => {
  const { io, clock, events } = setUp()
  const closed = await clock.run(io.openWriter('/a'))
  await clock.run(closed.write(new Uint8Array(5)))
  await clock.run(closed.write(new Uint8Array(6)))
  assert.deepEqual(events, [])
  await clock.run(closed.close())
  await closed.abort()
  const given = await clock.run(io.openWriter('/b'))
  await clock.run(given.write(new Uint8Array(5)))
  await given.abort()
  assert.deepEqual(
    events.map(({ operation, outcome, bytes, objects, durationMs }) => [
      operation,
      outcome,
      bytes,
      objects,
      durationMs,
    ]),
    [
      ['write', 'done', 11, 1, 40],
      ['write', 'aborted', 0, 0, 20],
    ],
  )
})

test('a failure is told by its kind', async () => {
  const { io, clock, events } = setUp()
  await assert.rejects(clock.run(io.read('/missing')))
  await assert.rejects(clock.run(io.read('nonsense')))
  await assert.rejects(clock.run(Array.fromAsync(io.list('/a', AbortSignal.abort()))))
  assert.deepEqual(
    events.map(({ operation, scheme, outcome }) => [operation, scheme, outcome]),
    [
      ['read', 'file', 'not-found'],
      ['read', '', 'invalid-input'],
      ['list', 'file', 'internal'],
    ],
  )
})
