import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LeaderLeases } from '@moraine/management/records/leader-lease'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { takeOnlyPost } from './only-post.ts'
import { type PostOptions, takePost } from './post.ts'

const never = new AbortController().signal
const timing = { ttlMs: 15_000, heartbeatMs: 5000 }

function world() {
  const clock = virtualClock(1000)
  const { leases } = memoryStores(undefined, clock)
  let starts = 0
  const server = (with_: Partial<PostOptions> = {}): PostOptions => {
    starts += 1
    const address = () => ({ host: 'h', pid: 7 })
    return { leases, holder: `start ${starts}`, timing, address, clock, log: SILENT_LOG, ...with_ }
  }
  return { clock, leases, server }
}

test('the post is held for as long as it is renewed, and given back', async () => {
  const { clock, leases, server } = world()
  const first = await clock.run(takeOnlyPost(server(), never))
  const fence = first.fence()
  assert.ok(fence)
  await clock.run(clock.sleep(600_000))
  assert.deepEqual(first.fence(), fence)
  await first.release()
  assert.equal(first.fence(), undefined)
  assert.equal((await leases.read('service'))?.holder, undefined)
  const next = await clock.run(takeOnlyPost(server(), never))
  assert.equal(next.fence()?.epoch, fence.epoch + 1)
  await next.release()
})

test('where one server is alone, a second is refused while the first lives, with who that is', async () => {
  const { clock, server } = world()
  const first = await clock.run(takeOnlyPost(server(), never))
  await assert.rejects(
    clock.run(takeOnlyPost(server(), never)),
    (error) => isKind(error, 'conflict') && /served by another service \(host h, process 7\)/.test(error.message),
  )
  assert.ok(first.fence())
  await first.release()
})

test('the post of one that was killed is waited for', async () => {
  const { clock, leases, server } = world()
  // Killed: it renews nothing.
  const renew = () => new Promise<never>(() => {})
  const killed = await clock.run(takeOnlyPost(server({ leases: { ...leases, renew } }), never))
  const before = clock.monotonicMs()
  const next = await clock.run(takeOnlyPost(server(), never))
  assert.ok(clock.monotonicMs() - before <= timing.ttlMs + 1000)
  assert.ok(next.fence())
  assert.equal(killed.fence(), undefined, 'by its own clock its time is over, too')
  await next.release()
})

test('one that slept through its time writes nothing, and hears that another has taken over', async () => {
  const { clock, leases, server } = world()
  let asleep = true
  const renew: LeaderLeases['renew'] = (request) =>
    asleep ? Promise.reject(new MoraineError('unavailable', 'stopped')) : leases.renew(request)
  const sleeper = await clock.run(takeOnlyPost(server({ leases: { ...leases, renew } }), never))
  await clock.run(clock.sleep(20_000))
  assert.equal(sleeper.fence(), undefined)
  assert.equal(sleeper.lost.aborted, false)
  const next = await clock.run(takeOnlyPost(server(), never))
  asleep = false
  await clock.run(clock.sleep(20_000))
  assert.equal(sleeper.fence(), undefined)
  assert.match(String(sleeper.lost.reason), /another service has taken over/)
  await Promise.all([sleeper.release(), next.release()])
  assert.equal((await leases.read('service'))?.holder, undefined, 'the one that lost it took it from nobody')
})

test('a database that is away for a while costs the right to write, not the post', async () => {
  const { clock, leases, server } = world()
  let away = false
  const renew: LeaderLeases['renew'] = (request) =>
    away ? Promise.reject(new MoraineError('unavailable', 'connection refused')) : leases.renew(request)
  const only = await clock.run(takeOnlyPost(server({ leases: { ...leases, renew } }), never))
  away = true
  await clock.run(clock.sleep(120_000))
  assert.equal(only.fence(), undefined)
  away = false
  await clock.run(clock.sleep(6000))
  assert.ok(only.fence())
  assert.equal(only.lost.aborted, false)
  await only.release()
})

test('a post that was taken although the answer was lost is found to be one’s own', async () => {
  const { clock, leases, server } = world()
  let answers = 0
  const acquire: LeaderLeases['acquire'] = async (request) => {
    const outcome = await leases.acquire(request)
    answers += 1
    if (answers === 1) throw new MoraineError('unavailable', 'connection lost')
    return outcome
  }
  const taken: string[] = []
  const onTaken = ({ holder }: { readonly holder: string | undefined }) => void taken.push(holder ?? '')
  const post = await clock.run(takePost(server({ leases: { ...leases, acquire } }), onTaken, never))
  assert.deepEqual([answers, taken, post.fence()?.epoch], [2, [], 1])
  await post.release()
})

test('an answer that takes longer than the post lasts gives no right to write', async () => {
  const { clock, leases, server } = world()
  const renew: LeaderLeases['renew'] = async (request) => {
    const renewed = await leases.renew(request)
    await clock.sleep(timing.ttlMs - 1)
    return renewed
  }
  const post = await clock.run(takeOnlyPost(server({ leases: { ...leases, renew } }), never))
  // Asked for after 5 s, answered at 20 s: by then the first 15 s are over, and the second nearly.
  await clock.run(clock.sleep(17_000))
  assert.equal(post.fence(), undefined)
  await post.release()
})

test('what cannot be had at all ends the waiting', async () => {
  const { clock, leases, server } = world()
  const read = () => Promise.reject(new MoraineError('permission', 'no right to read lease'))
  await assert.rejects(clock.run(takeOnlyPost(server({ leases: { ...leases, read } }), never)), /no right to read/)
})
