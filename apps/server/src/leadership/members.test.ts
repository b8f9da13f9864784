import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { members } from './members.ts'

const never = new AbortController().signal
const timing = { ttlMs: 10_000, heartbeatMs: 3000 }

function world() {
  const clock = virtualClock(1000)
  const { leases } = memoryStores(undefined, clock)
  const errors: object[] = []
  const log = { ...SILENT_LOG, error: (fields: object) => void errors.push(fields) }
  const server = (holder: string, node = holder, calls = leases) =>
    members({
      ...{ leases: calls, holder, nodeId: () => node, timing, clock, log },
      address: () => ({ host: node, pid: holder.length }),
    })
  return { clock, leases, errors, server, wait: (ms: number) => clock.run(clock.sleep(ms)) }
}

test('servers know of each other, until one stops or is not heard from', async () => {
  const { leases, server, wait } = world()
  let dead = false
  const acquire: typeof leases.acquire = (request) =>
    dead ? Promise.reject(new Error('killed')) : leases.acquire(request)
  const [a, b, c] = [server('a'), server('b'), server('c', 'c', { ...leases, acquire })] as const
  for (const each of [a, b, c]) await each.start(never)
  await wait(60_000)
  const hosts = async () => (await a.list()).map(({ host }) => host)
  assert.deepEqual(await hosts(), ['a', 'b', 'c'])
  await b.stop()
  assert.deepEqual(await hosts(), ['a', 'c'])
  dead = true
  await wait(11_000)
  assert.deepEqual(await hosts(), ['a'])
  await Promise.all([a.stop(), c.stop()])
})

test('one that comes back after it was killed has its place again; two in one place are told so', async () => {
  const { errors, leases, server, wait } = world()
  await leases.acquire({ name: 'node/a', holder: 'an earlier start', ttlMs: 10_000, address: {} })
  const back = server('a')
  await back.start(never)
  await wait(13_000)
  assert.equal((await leases.read('node/a'))?.holder, 'a')
  assert.deepEqual(errors, [])
  const twin = server('twin', 'a')
  await twin.start(never)
  await wait(30_000)
  assert.equal((await leases.read('node/a'))?.holder, 'a')
  assert.deepEqual(errors, [{ node: 'a', host: 'a', pid: 1 }])
  await Promise.all([back.stop(), twin.stop()])
})
