import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { eventually } from '@moraine/testkit/eventually'
import { startZooKeeper, type ZooKeeper } from '../lab/zookeeper.ts'
import { type Candidates, startCandidates } from './candidates.ts'
import { startSilentProxy } from './silent-proxy.ts'

// Processes take turns to lead by a real ZooKeeper, which is killed, cut off and shared with Curator meanwhile. Before each
// of its acts a process asks whether it is its turn; that two never had theirs at once is read from the moments of acts.

const SESSION_MS = 2000

const started = startZooKeeper(`leadership-${process.pid}`)
after(() => {
  if (started.kind === 'started') started.engine.stop()
})

let clusters = 0

type Lab = { readonly zookeeper: ZooKeeper; readonly root: string; readonly candidates: Candidates }

/** Each test has a cluster of its own in one ZooKeeper. */
function testOf(name: string, body: (lab: Lab) => Promise<void>): void {
  test(name, { timeout: 180_000 }, async (context: TestContext) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    clusters += 1
    const cluster = `lake-${clusters}`
    const candidates = startCandidates(started.engine.address, cluster, SESSION_MS)
    try {
      await body({ zookeeper: started.engine, root: `/${cluster}/amoro/ams`, candidates })
      candidates.assertNeverTwo()
    } finally {
      await candidates.stopAll()
    }
  })
}

async function dataOf(zookeeper: ZooKeeper, path: string): Promise<string | undefined> {
  const printed = await zookeeper.shell('get', path)
  return /^(\{.*\}|Node does not exist.*)$/m.exec(printed)?.[1]
}

testOf('of three one has its turn; when it is killed the next has it, and clients are told', async (lab) => {
  const { zookeeper, root, candidates } = lab
  const first = candidates.start(1000)
  await first.hasTurn(1)
  const others = [candidates.start(2000), candidates.start(3000)] as const
  await eventually('three in line', async () => {
    const line = await zookeeper.shell('ls', `${root}/leader`)
    return (line.match(/_c_[0-9a-f-]{36}-latch-\d{10}/g) ?? []).length === 3 ? true : undefined
  })
  assert.equal(
    await dataOf(zookeeper, `${root}/master`),
    '{"host":"127.0.0.1","thriftBindPort":1000,"restBindPort":1002}',
  )
  assert.equal(
    await dataOf(zookeeper, `${root}/optimizing-service-master`),
    '{"host":"127.0.0.1","thriftBindPort":1001,"restBindPort":1002}',
  )
  assert.deepEqual(
    others.flatMap((other) => other.since(0)),
    [],
  )
  await first.signal('SIGKILL')
  const next = await Promise.race(others.map((other) => other.hasTurn(1).then(() => other)))
  assert.match((await dataOf(zookeeper, `${root}/master`)) ?? '', new RegExp(`"thriftBindPort":${next.port},`))
  const [last] = others.filter((other) => other !== next)
  assert.ok(last)
  assert.deepEqual(last.since(0), [])
  await next.leave()
  await last.hasTurn(1)
  await last.leave()
})

testOf('what Amoro left to stay is replaced by what ends with its leader', async ({ zookeeper, root, candidates }) => {
  for (const path of [...parents(root), `${root}/optimizing-service-master`]) await zookeeper.shell('create', path)
  await zookeeper.shell('create', `${root}/master`, '{"host":"dead","thriftBindPort":1260,"restBindPort":1630}')
  const only = candidates.start(1000)
  await only.hasTurn(1)
  assert.match((await dataOf(zookeeper, `${root}/master`)) ?? '', /"host":"127\.0\.0\.1","thriftBindPort":1000,/)
  assert.match((await dataOf(zookeeper, `${root}/optimizing-service-master`)) ?? '', /"thriftBindPort":1001,/)
  await only.signal('SIGKILL')
  await eventually('nobody is told', async () => {
    const left = await zookeeper.shell('ls', root)
    return /master/.test(left) ? undefined : true
  })
})

testOf('one that was stopped beyond its session does not act again in the same turn', async ({ candidates }) => {
  const sleeper = candidates.start(1000)
  await sleeper.hasTurn(1)
  const other = candidates.start(2000)
  await sleeper.acts()
  await sleeper.signal('SIGSTOP')
  await other.hasTurn(1)
  const before = sleeper.printed()
  await sleeper.signal('SIGCONT')
  assert.match(await sleeper.hasLost(1), / aborted$/)
  // What it printed as it was stopped may have come after it was counted.
  const woken = sleeper.since(before).filter((line) => !line.startsWith('turn '))
  assert.match(woken[0] ?? '', /^over 1 /)
  await other.leave()
  await sleeper.hasTurn(2)
  await sleeper.leave()
})

testOf('a ZooKeeper that is killed and started again leaves one with its turn', async ({ zookeeper, candidates }) => {
  const both = [candidates.start(1000), candidates.start(2000)] as const
  await Promise.race(both.map((one) => one.hasTurn(1)))
  await zookeeper.kill()
  await zookeeper.start()
  await Promise.race(both.map((one) => one.acts()))

  // Away for longer than a session lasts: the turn is over before ZooKeeper can say so.
  const [holder, other] = both[0].since(0).length > 0 ? both : [both[1], both[0]]
  await zookeeper.kill()
  const turns = turnsOf(holder.since(0))
  await Promise.race([holder.hasLost(turns), other.hasLost(turnsOf(other.since(0)) || 1)])
  const late = candidates.start(3000)
  await zookeeper.start()
  await Promise.race([...both, late].map((one) => one.acts()))
})

testOf('one that is cut off loses its turn before another has it, and stands in line again', async (lab) => {
  const { zookeeper, candidates } = lab
  const proxy = await startSilentProxy(zookeeper.port)
  try {
    const isolated = candidates.start(1000, { address: proxy.address })
    await isolated.hasTurn(1)
    const other = candidates.start(2000)
    await isolated.acts()
    proxy.silence()
    assert.match(await isolated.hasLost(1), / aborted$/)
    await other.hasTurn(1)
    proxy.heal()
    await other.acts()
    await other.leave()
    await isolated.hasTurn(2)
  } finally {
    await proxy.close()
  }
})

testOf('a connection that breaks costs nothing while the session lasts', async ({ zookeeper, candidates }) => {
  const proxy = await startSilentProxy(zookeeper.port)
  try {
    const unlucky = candidates.start(1000, { address: proxy.address })
    await unlucky.hasTurn(1)
    const other = candidates.start(2000)
    for (let cuts = 0; cuts < 5; cuts += 1) {
      proxy.heal() // cuts what there is
      await unlucky.acts()
    }
    await eventually('acts for longer than a session', () => (unlucky.since(0).length > 200 ? true : undefined))
    assert.deepEqual(
      unlucky.since(0).filter((line) => line.startsWith('over ')),
      [],
    )
    assert.deepEqual(other.since(0), [])
  } finally {
    await proxy.close()
  }
})

testOf('a server that falls silent costs no turn where there is another', async ({ zookeeper, candidates }) => {
  const proxies = [await startSilentProxy(zookeeper.port), await startSilentProxy(zookeeper.port)] as const
  try {
    const address = proxies.map((proxy) => proxy.address).join(',')
    const lucky = candidates.start(1000, { address, sessionMs: 6000 })
    await lucky.hasTurn(1)
    const [used, other] = proxies[0].isUsed() ? proxies : [proxies[1], proxies[0]]
    assert.deepEqual([used.isUsed(), other.isUsed()], [true, false])
    used.silence()
    await eventually('the other is used', () => (other.isUsed() ? true : undefined))
    const before = lucky.printed()
    await eventually('acts for longer than a session', () => (lucky.since(before).length > 400 ? true : undefined))
    assert.deepEqual(
      lucky.since(0).filter((line) => line.startsWith('over ')),
      [],
    )
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
})

testOf('LeaderLatch of Curator stands in the same line', async ({ zookeeper, root, candidates }) => {
  const first = candidates.start(1000)
  await first.hasTurn(1)
  const curator = zookeeper.curatorLatch(`${root}/leader`, 'curator')
  try {
    await curator.line(/^waiting$/)
    const last = candidates.start(2000)
    await eventually('three in line', async () => {
      const line = await zookeeper.shell('ls', `${root}/leader`)
      return (line.match(/latch-\d{10}/g) ?? []).length === 3 ? true : undefined
    })
    assert.equal(curator.lines().includes('turn'), false)
    await first.leave()
    await curator.line(/^turn$/)
    assert.deepEqual(last.since(0), [])
    curator.kill()
    await curator.ended
    await last.hasTurn(1)
  } finally {
    curator.kill()
    await curator.ended
  }
})

function parents(path: string): readonly string[] {
  const names = path.split('/').slice(1)
  return names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`)
}

/** The number of its latest turn; 0 if it had none. */
function turnsOf(lines: readonly string[]): number {
  return lines.filter((line) => line.startsWith('turn ')).length
}
