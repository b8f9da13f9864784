import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, type TestContext, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { ENGINES, type LabDatabase, startLabDatabase } from '../database/lab-database.ts'
import { runLeashed, startLeashed } from '../lab/leashed.ts'
import { untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { startZooKeeper, type ZooKeeper } from '../lab/zookeeper.ts'
import { assertHistory } from '../optimize/assert-history.ts'
import { pyIcebergWriter } from '../rest/pyiceberg-writer.ts'
import { loadTableAt } from '../rest/rest-table.ts'
import { type GroupServer, type ServerGroup, serverGroup } from './server-group.ts'

// Three servers of one database: a client writes through one of them throughout, and whichever leads is killed or stopped.

const labs = ENGINES.map((engine) => [engine, startLabDatabase(engine, `servers-${process.pid}`)] as const)
const pyiceberg = await startPyIceberg()
const zookeeper = startZooKeeper(`servers-${process.pid}`)
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  if (zookeeper.kind === 'started') zookeeper.engine.stop()
  for (const [, lab] of labs) if (lab.kind === 'started') lab.engine.server.stop()
})

/** With default settings: ten seconds of a lease, and the start of a term. */
const FAILOVER_MS = 15_000

for (const [engine, started] of labs) {
  test(`${engine}: whoever leads may go`, { timeout: 600_000 }, async (context) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
    await lead(context, started.engine, pyiceberg.engine, engine)
  })
}

test('ZooKeeper says whose turn it is, and where the leader is', { timeout: 600_000 }, async (context) => {
  const lab = must(labs[0], 'a database')[1]
  if (lab.kind === 'unavailable') return context.skip(lab.why)
  if (zookeeper.kind === 'unavailable') return context.skip(zookeeper.why)
  await agreeByZooKeeper(context, lab.engine, zookeeper.engine)
})

async function agreeByZooKeeper(context: TestContext, lab: LabDatabase, keeper: ZooKeeper): Promise<void> {
  const { signal } = context
  const group = await serverGroup(lab, { 'ha.type': 'zk', 'ha.zookeeper-address': keeper.address })
  context.after(() => group.remove())
  const published = async () => {
    const text = await keeper.shell('get', '/default/amoro/ams/optimizing-service-master')
    const json = /\{.*\}/.exec(text)?.[0]
    return json === undefined ? undefined : (JSON.parse(json) as { host: string; thriftBindPort: number })
  }
  const servers = [await group.start(), await group.start()]
  const isPublished = (leader: GroupServer) =>
    untilAnswered(async () => leader.thriftUrl.endsWith(`:${(await published())?.thriftBindPort}`) || undefined, signal)
  const first = await group.findLeader(servers, signal)
  await isPublished(first)
  first.process.kill()
  const others = servers.filter((server) => server !== first)
  const second = await group.findLeader(others, signal)
  await isPublished(second)
  // While ZooKeeper is away nobody knows whose turn it is: after the session has run out no one leads.
  await keeper.kill()
  await untilAnswered(async () => (await second.state()) !== 'LEADER' || undefined, signal)
  await keeper.start()
  assert.equal(await group.findLeader(others, signal), second)
  await isPublished(second)
  const { code, stderr } = await second.process.stop()
  assert.equal(code, 0, stderr)
}

async function lead(context: TestContext, lab: LabDatabase, engine: PyIceberg, catalog: string): Promise<void> {
  const { signal } = context
  const group = await serverGroup(lab)
  context.after(() => group.remove())
  const first = await group.start()
  assert.equal(await group.findLeader([first], signal), first)
  const [second, third] = [await group.start(), await group.start()]
  const table = client(engine, catalog)
  await registerCatalog(third, catalog, group.warehouse)
  await table.through(third)
  const writer = await pyIcebergWriter(engine, [catalog, 'db', 't'])
  // It is told of the first alone, and learns of the others.
  const optimizer = startLeashed('bin/moraine', ['optimizer', '--url', first.thriftUrl])
  context.after(() => optimizer.kill())
  await optimizer.line(/registered in group default/)
  const untilRewritten = async () => {
    const before = await table.countRewrites()
    await untilAnswered(async () => {
      await writer.step(signal)
      await table.requestOptimizing()
      return (await table.countRewrites()) > before || undefined
    }, signal)
  }
  await untilRewritten()
  assert.equal(await group.findLeader([first, second, third], signal), first, 'who comes later does not take over')
  await refuseAnotherKey(group)

  const killed = await timed(async () => {
    first.process.kill()
    return group.findLeader([second, third], signal)
  })
  const [heir, last] = killed.leader === second ? [second, third] : [third, second]
  await table.through(last)
  await untilRewritten()

  const pid = await heir.pid()
  const stopped = await timed(async () => {
    process.kill(pid, 'SIGSTOP')
    return group.findLeader([last], signal)
  })
  await untilRewritten()
  process.kill(pid, 'SIGCONT')
  await untilRewritten()
  assert.equal(await group.findLeader([heir, last], signal), last, 'the one that slept has stepped back')

  await table.through(heir)
  const ended = await timed(async () => {
    assert.equal((await last.process.stop()).code, 0)
    return group.findLeader([heir], signal)
  })
  await untilRewritten()
  const { snapshots } = await loadTableAt({ url: `${heir.url}/iceberg/v1/catalogs/${catalog}` }, 'db', 't')
  const read = (snapshotId: bigint) => engine.readRows({ table: [catalog, 'db', 't'], snapshotId })
  const rewrites = await assertHistory(snapshots, writer, read)
  assert.ok(rewrites >= 5, `${rewrites} rewrites`)
  context.diagnostic(
    `followed after kill -9 in ${killed.afterMs} ms, SIGSTOP in ${stopped.afterMs} ms, a stop in ${ended.afterMs} ms; ${rewrites} rewrites, ${writer.states.length - 1} commits`,
  )
  for (const { afterMs } of [killed, stopped, ended]) assert.ok(afterMs <= FAILOVER_MS, `${afterMs} ms`)
  assert.equal((await optimizer.stop()).code, 0)
  const { code, stderr } = await heir.process.stop()
  assert.equal(code, 0, stderr)
}

/** A client of one of the servers, and of another after each `through`. */
function client(engine: PyIceberg, catalog: string) {
  let url = ''
  const path = `/api/ams/v1/tables/catalogs/${catalog}/dbs/db/tables/t`
  return {
    async through(server: GroupServer) {
      url = server.url
      await engine.addCatalog(catalog, { type: 'rest', uri: `${url}/iceberg`, warehouse: catalog })
    },
    async countRewrites() {
      const answer = await fetch(`${url}${path}/optimizing-processes?pageSize=500`)
      if (answer.status === 404) return 0 // not found yet
      const { result } = (await answer.json()) as { result: { list: { state: { status: string } }[] } }
      return result.list.filter(({ state }) => state.status === 'succeeded').length
    },
    async requestOptimizing() {
      const body = JSON.stringify({ type: 'full' })
      const headers = { 'content-type': 'application/json' }
      const { status } = await fetch(`${url}${path}/optimize`, { method: 'POST', headers, body })
      assert.ok([200, 404, 409].includes(status), `answered ${status}`) // 409: it is being optimized
    },
  }
}

async function registerCatalog({ url }: GroupServer, name: string, warehouse: string): Promise<void> {
  const register = [
    'catalog',
    'register',
    name,
    '--type',
    'ams',
    '--property',
    `warehouse=${warehouse}`,
    '--server',
    url,
  ]
  const { code, stdout, stderr } = await runLeashed('bin/moraine', register)
  assert.equal(code, 0, `${stdout}${stderr}`)
}

/** A server that could not read what the others keep sealed. */
async function refuseAnotherKey(group: ServerGroup): Promise<void> {
  const { args, variables } = await group.prepare()
  const another = { ...variables, MORAINE_SECRET_KEY: randomBytes(32).toString('base64') }
  const { code, stderr } = await runLeashed('bin/moraine', args, undefined, another)
  assert.notEqual(code, 0)
  assert.match(stderr, /another secret key .*set MORAINE_SECRET_KEY to the same/)
}

async function timed(
  work: () => Promise<GroupServer>,
): Promise<{ readonly leader: GroupServer; readonly afterMs: number }> {
  const before = performance.now()
  const leader = await work()
  return { leader, afterMs: Math.round(performance.now() - before) }
}
