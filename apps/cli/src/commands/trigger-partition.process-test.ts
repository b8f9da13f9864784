import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
import { freePort } from '@moraine/testkit/free-port'
import { appendOrders, createTableIn, liveFiles, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// A table of two partitions in which nothing is due by itself, and a person who wants one of them optimized.

const FILES = 3
const root = mkdtempSync(join(tmpdir(), 'moraine-trigger-'))
const serve = ['serve', '--port', `${await freePort()}`, '--thrift-port', '0', '--data-dir', root]
let service = startCli(serve)
let optimizer: StartedCli | undefined
after(async () => {
  await optimizer?.stop()
  await service.stop()
  rmSync(root, { recursive: true, force: true })
})
const url = await serviceUrl(service)
const properties = { uri: `${url}/api/iceberg/rest`, warehouse: 'lake' }
const catalog = await openRestCatalog({ name: 'lake', properties, clock: systemClock })
await catalog.createNamespace(['db'], {})
const orders = await createTableIn(
  catalog,
  { namespace: ['db'], name: 'orders' },
  {
    ...ORDERS_TABLE,
    properties: {
      ...ORDERS_TABLE.properties,
      'self-optimizing.minor.trigger.file-count': '1000',
      'self-optimizing.minor.trigger.interval': '-1',
    },
  },
)
for (let at = 0; at < FILES; at += 1) {
  await appendOrders(orders, at, 'eu')
  await appendOrders(orders, at, 'us')
}

const table = (...args: readonly string[]) => runCli(['table', ...args, '--catalog', 'lake', '--server', url])
const explained = async () => JSON.parse((await table('explain', 'db.orders', '--json')).out)
const requested = async () => {
  const { request, partitions } = await explained()
  const asked = (partitions as readonly { partition: string; isRequested: boolean }[]).filter(
    (each) => each.isRequested,
  )
  return [request?.type, request?.partitions, asked.map(({ partition }) => partition)]
}

test('what is asked for is checked, and waits; also for a service that was started again', async () => {
  await eventually('the table is found', async () => (await table('status', 'db.orders')).code === 0 || undefined)
  const unknown = await table('trigger', 'db.orders', '--partition', 'region=us', 'region=fr')
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /partition 'region=fr' has no files; there are files in 'region=us', 'region=eu'$/m)
  const misspelled = await table('trigger', 'db.orders', '--partition', 'us')
  assert.equal(misspelled.code, 2)
  assert.match(misspelled.err, /partition 'us': it is spelled region=VALUE; there are files in/)
  assert.deepEqual(await requested(), [undefined, undefined, []])

  const asked = await table('trigger', 'db.orders', '--type', 'full', '--partition', 'region=us')
  assert.match(asked.out, /^db\.orders: no-optimizer: /)
  assert.deepEqual(await requested(), ['full', ['region=us'], ['region=us']])
  await service.stop()
  service = startCli(serve)
  await serviceUrl(service)
  assert.deepEqual(await requested(), ['full', ['region=us'], ['region=us']])
  const { out } = await table('explain', 'db.orders')
  assert.match(out, /^ {2}request: \S+Z, by anybody, full, partitions region=us$/m)
  assert.match(out, /^ {4}region=us: asked for, nothing due, /m)
  assert.match(out, /^ {4}region=eu: nothing due, /m)
})

test('then that partition alone is rewritten, and the request is over', async () => {
  const before = { eu: await liveFiles(orders, 'eu'), us: await liveFiles(orders, 'us') }
  const { out } = await runCli(['group', 'command', 'default', '--server', url, '--json'])
  optimizer = startCli((JSON.parse(out) as { command: readonly string[] }).command.slice(1))
  const [process] = await eventually('a process succeeds', async () => {
    const listed = await table('processes', 'db.orders', '--status', 'succeeded', '--json')
    const { list } = JSON.parse(listed.out) as { list: readonly { isRequested: boolean; optimizingType: string }[] }
    return list.length === 0 ? undefined : list
  })
  assert.deepEqual([process?.isRequested, process?.optimizingType], [true, 'FULL'])
  assert.match((await table('tasks', 'db.orders')).out, /^process \d+: 1 task, .*\n.*\n\s*\d+ +region=us +success /)
  assert.deepEqual(await liveFiles(orders, 'eu'), before.eu)
  const [merged, ...rest] = await liveFiles(orders, 'us')
  assert.ok(merged !== undefined && rest.length === 0 && !before.us.includes(merged), merged)
  await eventually('nothing is to be done', async () => (await explained()).verdict.kind === 'nothing-due' || undefined)
  assert.deepEqual(await requested(), [undefined, undefined, []])
  assert.equal(JSON.parse((await table('processes', 'db.orders', '--json')).out).total, 1)
})

test('a request that finds nothing to do leaves its trace', async () => {
  const triggered = await table('trigger', 'db.orders', '--type', 'full', '--partition', 'region=us')
  assert.equal(triggered.code, 0, triggered.err)
  const last = await eventually('it is answered', async () => {
    const { lastRequest } = JSON.parse((await table('status', 'db.orders', '--json')).out)
    return lastRequest.answer === 'nothing-to-do' ? lastRequest : undefined
  })
  assert.deepEqual([last.type, last.partitions, last.by, last.processId], ['full', ['region=us'], 'anybody', null])
  const told = /full, partitions region=us: nothing to do, \S+Z: region=us: /
  for (const view of ['status', 'explain']) assert.match((await table(view, 'db.orders')).out, told)
})
