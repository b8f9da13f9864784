import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LeaderLeases } from '@moraine/management/records/leader-lease'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { type Election, type ElectionOptions, election } from './election.ts'
import type { LeaderLatch } from './leader-latch.ts'

const never = new AbortController().signal
const timing = { ttlMs: 10_000, heartbeatMs: 3000 }
const FAILOVER_MS = 15_000
const ADDRESS = { host: 'a', tableServicePort: undefined, optimizingPort: 1261, restPort: 1630 }

function world() {
  const clock = virtualClock(1000)
  const { leases } = memoryStores(undefined, clock)
  const events: string[] = []
  const server = (name: string, with_: Partial<ElectionOptions> = {}): Election =>
    election({
      ...{ leases, holder: name, timing, address: () => ({ url: `http://${name}` }), clock, log: SILENT_LOG },
      latch: undefined,
      published: () => ADDRESS,
      async lead() {
        events.push(`${name} leads`)
        return async () => void events.push(`${name} ends`)
      },
      ...with_,
    })
  /** Renewals of a process that is not scheduled wait with everything else of it. */
  const pausable = () => {
    const gate = { paused: false }
    const calls: LeaderLeases = {
      ...leases,
      async renew(request) {
        if (gate.paused) throw new MoraineError('unavailable', 'paused')
        return leases.renew(request)
      },
    }
    return { gate, calls }
  }
  return { clock, leases, events, server, pausable, wait: (ms: number) => clock.run(clock.sleep(ms)) }
}

test('one of three leads, the others know who, and the next takes over at once when it stops', async () => {
  const { events, server, wait } = world()
  const [a, b, c] = [server('a'), server('b'), server('c')] as const
  for (const each of [a, b, c]) await each.start(never)
  await wait(60_000)
  assert.deepEqual(events, ['a leads'])
  assert.deepEqual(a.leader(), { kind: 'this' })
  for (const other of [b, c]) assert.deepEqual(other.leader(), { kind: 'other', address: { url: 'http://a' } })
  await a.stop()
  await wait(1500)
  assert.equal(events.length, 3)
  assert.deepEqual(events.slice(0, 2), ['a leads', 'a ends'])
  await Promise.all([b.stop(), c.stop()])
})

test('one that is not heard from is followed within its time, ends its term when it runs again, and stands again', async () => {
  const { clock, events, server, pausable, wait } = world()
  const { gate, calls } = pausable()
  const [a, b] = [server('a', { leases: calls }), server('b')]
  await a.start(never)
  await wait(5000)
  await b.start(never)
  gate.paused = true
  const before = clock.monotonicMs()
  while (!events.includes('b leads')) await wait(100)
  assert.ok(clock.monotonicMs() - before <= FAILOVER_MS)
  gate.paused = false
  await wait(5000)
  assert.deepEqual(events, ['a leads', 'b leads', 'a ends'])
  assert.deepEqual(a.leader(), { kind: 'other', address: { url: 'http://b' } })
  await b.stop()
  await wait(2000)
  assert.deepEqual(events.slice(3), ['b ends', 'a leads'])
  await a.stop()
})

test('whoever cannot begin to lead gives the post back, for others to lead', async () => {
  const { events, server, wait } = world()
  const lead = () => Promise.reject(new MoraineError('conflict', 'port 1261 is in use'))
  const [a, b] = [server('a', { lead }), server('b')]
  await a.start(never)
  await wait(100)
  await b.start(never)
  await wait(3000)
  assert.deepEqual(events, ['b leads'])
  await Promise.all([a.stop(), b.stop()])
})

test('with a latch only whose turn it is asks for the post, and gives it back when the turn has passed', async () => {
  const { leases, events, server, wait } = world()
  const turns = new AbortController()
  const published: unknown[] = []
  let asked = 0
  const latch: LeaderLatch = {
    async waitForTurn(signal) {
      asked += 1
      if (asked === 1) return turns.signal
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    },
    isTurn: () => !turns.signal.aborted,
    publish: async (address) => void published.push(address),
    close: async () => void events.push('latch closed'),
  }
  const a = server('a', { latch })
  await a.start(never)
  await wait(1000)
  assert.deepEqual([events, published], [['a leads'], [ADDRESS]])
  turns.abort(new Error('the session has expired'))
  await wait(1)
  assert.deepEqual(events, ['a leads', 'a ends'])
  assert.equal((await leases.read('service'))?.holder, undefined)
  await a.stop()
  assert.deepEqual(events.at(-1), 'latch closed')
})

test('one that waits for its turn knows who leads meanwhile', async () => {
  const { server, wait } = world()
  const latch: LeaderLatch = {
    isTurn: () => false,
    waitForTurn: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    publish: () => assert.fail('it is not its turn'),
    close: async () => undefined,
  }
  const [a, b] = [server('a'), server('b', { latch })]
  await a.start(never)
  await b.start(never)
  await wait(2000)
  assert.deepEqual(b.leader(), { kind: 'other', address: { url: 'http://a' } })
  await Promise.all([a.stop(), b.stop()])
})

test('a stop while another leads ends the waiting', async () => {
  const { events, server, wait } = world()
  const [a, b] = [server('a'), server('b')]
  await a.start(never)
  await b.start(never)
  await wait(500)
  await b.stop()
  await a.stop()
  assert.deepEqual(events, ['a leads', 'a ends'])
})
