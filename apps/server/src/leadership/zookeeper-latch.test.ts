import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { Log } from '../service/log.ts'
import type { PublishedAddress } from './leader-latch.ts'
import { zookeeperLatch } from './zookeeper-latch.ts'
import type { OpenZooKeeperSession, ZooKeeperNode, ZooKeeperSession } from './zookeeper-session.ts'

// The latch over trees in memory, whose answers can be lost; interop/leadership holds it to a real ZooKeeper.

const never = new AbortController().signal
const LINE = '/lake/amoro/ams/leader'
const MASTER = '/lake/amoro/ams/master'
const ADDRESS: PublishedAddress = { host: 'a', tableServicePort: 1260, optimizingPort: 1261, restPort: 1630 }

type Failing = { loseNext: 'answer' | 'request' | undefined }
type Opened = ZooKeeperSession & { readonly end: (why: string) => void; readonly faults: Failing }

function world() {
  const clock = virtualClock(1000)
  const nodes = new Map<string, ZooKeeperNode>()
  const watches = new Map<string, Set<() => void>>()
  let sequence = 0
  let sessions = 0
  const change = (path: string, node: ZooKeeperNode | undefined) => {
    if (node === undefined) nodes.delete(path)
    else nodes.set(path, node)
    const noted = watches.get(path) ?? []
    watches.delete(path)
    for (const note of noted) note()
  }
  const openAs = (opened: Opened[], loseNext: Failing['loseNext']): OpenZooKeeperSession => {
    return async () => {
      sessions += 1
      const session = memorySession(String(sessions), { loseNext })
      opened.push(session)
      return session
    }
  }
  function memorySession(id: string, faults: Failing): Opened {
    const over = new AbortController()
    const end = (why: string) => {
      for (const [path, node] of nodes) if (node.session === id) change(path, undefined)
      over.abort(new MoraineError('unavailable', why))
    }
    const ask = async <T>(work: () => T): Promise<T> => {
      over.signal.throwIfAborted()
      const lost = faults.loseNext
      faults.loseNext = undefined
      if (lost === 'request') throw new MoraineError('unavailable', 'connection lost')
      const value = work()
      if (lost === 'answer') throw new MoraineError('unavailable', 'connection lost')
      return value
    }
    return {
      id,
      timeoutMs: 4000,
      over: over.signal,
      end,
      faults,
      isAlive: () => !over.signal.aborted,
      makePath: async (path) => change(path, { session: undefined, data: Buffer.alloc(0) }),
      createInLine: (path, data) =>
        ask(() => {
          sequence += 1
          const made = `${path}${String(sequence).padStart(10, '0')}`
          change(made, { session: id, data })
          return made
        }),
      listChildren: async (path) => {
        over.signal.throwIfAborted()
        return [...nodes.keys()]
          .filter((name) => name.startsWith(`${path}/`))
          .map((name) => name.slice(path.length + 1))
      },
      findNode: async (path, onChange) => {
        over.signal.throwIfAborted()
        const node = nodes.get(path)
        if (node !== undefined && onChange) watches.set(path, (watches.get(path) ?? new Set()).add(onChange))
        return node
      },
      removeNode: (path) => ask(() => change(path, undefined)),
      putWhile: (guard, path, data) =>
        ask(() => {
          if (!nodes.has(guard)) throw new MoraineError('conflict', 'no guard')
          change(path, { session: id, data })
        }),
      removeWhile: (guard, path) =>
        ask(() => {
          if (!nodes.has(guard)) throw new MoraineError('conflict', 'no guard')
          change(path, undefined)
        }),
      close: async () => end('closed'),
    }
  }
  let seed = 0
  const server = (loseFirst?: Failing['loseNext']) => {
    seed += 1
    const opened: Opened[] = []
    const latch = zookeeperLatch({
      ...settings(),
      clock,
      random: seededRandom(seed),
      openSession: openAs(opened, loseFirst),
    })
    return { latch, session: () => opened.at(-1) as Opened, opened }
  }
  const line = () => [...nodes.keys()].filter((path) => path.startsWith(`${LINE}/`))
  const master = () => nodes.get(MASTER)
  return { clock, nodes, change, server, line, master, watches }
}

type Line = { readonly level: keyof Log; readonly message: string }

function settings() {
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} }
  return { address: 'zk:2181', cluster: 'lake', connectionTimeoutMs: 300_000, log }
}

/** Lets what needs no time go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  await settle()
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

test('of three one has its turn; the next one follows when it leaves, in the order of coming', async () => {
  const { server, line } = world()
  const servers = [server(), server(), server()] as const
  const turns = []
  for (const { latch } of servers) {
    turns.push(latch.waitForTurn(never))
    await settle()
  }
  const [first, second, third] = turns as [Promise<AbortSignal>, Promise<AbortSignal>, Promise<AbortSignal>]
  const turn = await first
  assert.equal(turn.aborted, false)
  assert.equal(await isPending(second), true)
  await servers[0].latch.close()
  assert.equal(turn.aborted, true)
  assert.equal((await second).aborted, false)
  assert.equal(await isPending(third), true)
  assert.deepEqual(
    servers.map(({ latch }) => latch.isTurn()),
    [false, true, false],
  )
  assert.equal(line().length, 2)
  await servers[1].latch.close()
  await third
  await servers[2].latch.close()
  assert.deepEqual(line(), [])
})

test('the end of a session ends the turn, and a new session waits for it anew', async () => {
  const { server } = world()
  const { latch, session, opened } = server()
  const turn = await latch.waitForTurn(never)
  session().end('expired')
  assert.equal(turn.aborted, true)
  assert.match(String(turn.reason), /no longer the turn of this server to lead: .*expired/)
  assert.equal(latch.isTurn(), false)
  const again = await latch.waitForTurn(never)
  assert.equal(again.aborted, false)
  assert.equal(opened.length, 2)
  await latch.close()
})

test('a session that ends while its turn is waited for is followed by another', async () => {
  const { server, line } = world()
  const [first, second] = [server(), server()]
  await first.latch.waitForTurn(never)
  const waiting = second.latch.waitForTurn(never)
  await settle()
  second.session().end('expired')
  await settle()
  assert.equal(line().length, 2)
  await first.latch.close()
  assert.equal((await waiting).aborted, false)
  assert.equal(second.opened.length, 2)
  await second.latch.close()
})

for (const lost of ['answer', 'request'] as const) {
  test(`there is one node after the ${lost} of its creation was lost`, async () => {
    const { clock, server, line } = world()
    const { latch } = server(lost)
    await clock.run(latch.waitForTurn(never))
    assert.equal(line().length, 1)
    await latch.close()
  })
}

test('a second node of the same participant is taken out of the line', async () => {
  const { clock, server, line, change } = world()
  const first = server()
  const waiter = server()
  await first.latch.waitForTurn(never)
  const waiting = waiter.latch.waitForTurn(never)
  await settle()
  const [, own = ''] = line()
  change(own.replace(/\d{10}$/, '0000000099'), { session: waiter.session().id, data: Buffer.alloc(0) })
  await clock.run(clock.sleep(5000))
  assert.equal(line().length, 2)
  await first.latch.close()
  await clock.run(waiting)
  await waiter.latch.close()
})

test('a turn ends when its node is removed, and the server stands in line again at the end', async () => {
  const { server, line, change } = world()
  const [first, second] = [server(), server()]
  const turn = await first.latch.waitForTurn(never)
  const waiting = second.latch.waitForTurn(never)
  await settle()
  change(line()[0] ?? '', undefined)
  await settle()
  assert.equal(turn.aborted, true)
  assert.equal((await waiting).aborted, false)
  const again = first.latch.waitForTurn(never)
  assert.equal(await isPending(again), true)
  await second.latch.close()
  await again
  await first.latch.close()
})

test('a watch that never fires costs a while, not the turn', async () => {
  const { clock, server, line, nodes, watches } = world()
  const [first, second] = [server(), server()]
  await first.latch.waitForTurn(never)
  const waiting = second.latch.waitForTurn(never)
  await settle()
  watches.clear()
  nodes.delete(line()[0] ?? '')
  assert.equal(await isPending(waiting), true)
  assert.equal((await clock.run(waiting)).aborted, false)
  await Promise.all([first.latch.close(), second.latch.close()])
})

test('who stops to wait leaves the line, and may come again', async () => {
  const { server, line } = world()
  const [first, second] = [server(), server()]
  await first.latch.waitForTurn(never)
  const stop = new AbortController()
  const waiting = second.latch.waitForTurn(stop.signal)
  await settle()
  assert.equal(line().length, 2)
  stop.abort(new Error('enough'))
  await assert.rejects(waiting, (error) => isKind(error, 'aborted'))
  assert.equal(line().length, 1)
  const again = second.latch.waitForTurn(never)
  await first.latch.close()
  await again
  await second.latch.close()
})

test('who could not lead and stands in line again lets others lead first', async () => {
  const { server, line } = world()
  const [first, second] = [server(), server()]
  const turn = await first.latch.waitForTurn(never)
  const next = second.latch.waitForTurn(never)
  await settle()
  const again = first.latch.waitForTurn(never)
  assert.equal((await next).aborted, false)
  assert.equal(turn.aborted, true)
  assert.equal(await isPending(again), true)
  await second.latch.close()
  assert.equal((await again).aborted, false)
  assert.equal(line().length, 1)
  await first.latch.close()
})

test('what is published ends with the turn, and takes the place of what was left to stay', async () => {
  const { nodes, server, master } = world()
  nodes.set(MASTER, { session: undefined, data: Buffer.from('{"host":"dead"}') })
  const { latch, session } = server()
  await assert.rejects(latch.publish(ADDRESS), (error) => isKind(error, 'conflict'))
  await latch.waitForTurn(never)
  await latch.publish(ADDRESS)
  const text = (path: string) => Buffer.from(nodes.get(path)?.data ?? []).toString()
  assert.equal(text(MASTER), '{"host":"a","thriftBindPort":1260,"restBindPort":1630}')
  assert.equal(
    text('/lake/amoro/ams/optimizing-service-master'),
    '{"host":"a","thriftBindPort":1261,"restBindPort":1630}',
  )
  assert.equal(master()?.session, session().id)
  await latch.publish({ ...ADDRESS, tableServicePort: undefined })
  assert.equal(master(), undefined, 'engines are sent nowhere')
  await latch.publish(ADDRESS)
  await latch.close()
  assert.equal(master(), undefined)
})

test('a server that serves engines nothing does not leave them what another has left', async () => {
  const { nodes, server, master } = world()
  nodes.set(MASTER, { session: undefined, data: Buffer.from('{"host":"dead"}') })
  const { latch } = server()
  await assert.rejects(latch.publish({ ...ADDRESS, tableServicePort: undefined }), (error) => isKind(error, 'conflict'))
  assert.ok(master())
  await latch.waitForTurn(never)
  await latch.publish({ ...ADDRESS, tableServicePort: undefined })
  assert.equal(master(), undefined)
  assert.ok(nodes.has('/lake/amoro/ams/optimizing-service-master'))
  await latch.close()
})

for (const lost of ['answer', 'request'] as const) {
  test(`publishing goes on after a connection was lost with its ${lost}`, async () => {
    const { clock, server, master } = world()
    const { latch, session } = server()
    await latch.waitForTurn(never)
    session().faults.loseNext = lost
    await clock.run(latch.publish(ADDRESS))
    assert.ok(master())
    await latch.close()
  })
}

test('publishing ends with the turn', async () => {
  const { clock, server, change, line } = world()
  const { latch } = server()
  await latch.waitForTurn(never)
  change(line()[0] ?? '', undefined)
  await assert.rejects(clock.run(latch.publish(ADDRESS)), (error) => isKind(error, 'conflict'))
  await latch.close()
})

test('a ZooKeeper that is away is waited for; that is told once a minute, and in time as an error', async () => {
  const clock = virtualClock()
  const lines: Line[] = []
  const note = (level: keyof Log) => (_: object, message: string) => void lines.push({ level, message })
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const openSession: OpenZooKeeperSession = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  const latch = zookeeperLatch({ ...settings(), log, clock, random: seededRandom(1), openSession })
  const waiting = latch.waitForTurn(never)
  await clock.run(clock.sleep(431_000))
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'warn', 'warn', 'warn', 'warn', 'error', 'error', 'error'],
  )
  assert.match(lines[0]?.message ?? '', /ha\.zookeeper-address/)
  await latch.close()
  await assert.rejects(waiting, (error) => isKind(error, 'aborted'))
})

test('settings that are wrong are refused by name', () => {
  const openSession: OpenZooKeeperSession = () => assert.fail('nothing is opened')
  const make = (wrong: object) =>
    zookeeperLatch({ ...settings(), clock: virtualClock(), random: seededRandom(1), openSession, ...wrong })
  assert.throws(() => make({ cluster: 'my lake' }), /ha\.cluster-name is "my lake"/)
  assert.throws(() => make({ address: 'a:b' }), /ha\.zookeeper-address is "a:b"/)
})

test('what ZooKeeper does not allow is not asked for again', async () => {
  const openSession: OpenZooKeeperSession = async () => ({
    id: '1',
    timeoutMs: 4000,
    over: never,
    isAlive: () => true,
    makePath: () => Promise.reject(new MoraineError('permission', 'making /lake: not allowed')),
    createInLine: () => assert.fail(),
    listChildren: async () => [],
    findNode: async () => undefined,
    removeNode: async () => {},
    putWhile: async () => {},
    removeWhile: async () => {},
    close: async () => {},
  })
  const latch = zookeeperLatch({ ...settings(), clock: virtualClock(), random: seededRandom(1), openSession })
  await assert.rejects(latch.waitForTurn(never), (error) => isKind(error, 'permission'))
})
