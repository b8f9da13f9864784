import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
import { appendOrders, createTableIn, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'

// A service without optimizers, and a table with work that waits.

const root = mkdtempSync(join(tmpdir(), 'moraine-managed-'))
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', root])
let optimizer: StartedCli | undefined
after(async () => {
  optimizer?.child.kill('SIGCONT')
  await optimizer?.stop()
  await service.stop()
  rmSync(root, { recursive: true, force: true })
})
const url = await serviceUrl(service)
const properties = { uri: `${url}/api/iceberg/rest`, warehouse: 'lake' }
const catalog = await openRestCatalog({ name: 'lake', properties, clock: systemClock })
await catalog.createNamespace(['db'], {})
const orders = await createTableIn(catalog, { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)
await appendOrders(orders, 3)

const table = (...args: readonly string[]) => runCli(['table', ...args, '--catalog', 'lake', '--server', url])
const kindOf = async () => (JSON.parse((await table('status', 'db.orders', '--json')).out) as { kind: string }).kind

test('a table is triggered, paused with a reason and resumed, and says each time how it stands', async () => {
  await eventually('the table is found', async () => (await table('status', 'db.orders')).code === 0 || undefined)
  assert.match((await table('trigger', 'db.orders', '--type', 'full')).out, /^db\.orders: no-optimizer: /)
  const paused = await table('pause', 'db.orders', '--reason', 'month end')
  assert.match(paused.out, /^db\.orders: paused: paused by anybody: month end; there is work/)
  assert.match((await table('resume', 'db.orders')).out, /^db\.orders: no-optimizer/)
  assert.equal(await kindOf(), 'no-optimizer')
})

test('leases are listed, and ended when their engine has gone', async () => {
  assert.equal((await table('blockers', 'db.orders')).out, 'db.orders has no lease\n')
  const answer = await fetch(`${url}/api/ams/v1/tables/catalogs/lake/dbs/db/tables/orders/blockers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operations: ['optimize'], properties: { engine: 'spark' } }),
  })
  const { result } = (await answer.json()) as { result: { blockerId: string } }
  const { blockerId } = result
  assert.match(
    (await table('blockers', 'db.orders')).out,
    new RegExp(`^ *${blockerId} +optimize .* engine=spark *$`, 'm'),
  )
  assert.equal((await table('unblock', 'db.orders', blockerId)).out, `lease ${blockerId} of db.orders has ended\n`)
  const again = await table('unblock', 'db.orders', blockerId)
  assert.equal(again.code, 1)
  assert.match(
    again.err,
    /db\.orders has no lease '.*'; `moraine table blockers db\.orders --catalog lake` lists those/,
  )
  assert.deepEqual(JSON.parse((await table('blockers', 'db.orders', '--json')).out), [])
  assert.match((await table('unblock', 'db.nothing', blockerId)).err, /table lake\.db\.nothing is not managed/)
})

test('a table that the service does not know is named', async () => {
  const { code, err } = await table('pause', 'db.nothing')
  assert.notEqual(code, 0)
  assert.match(err, /table lake\.db\.nothing is not managed/)
  const misspelled = await runCli(['table', 'status', 'db.orders', '--catalog', 'lak', '--server', url])
  assert.equal(misspelled.code, 1)
  assert.match(misspelled.err, /there is no catalog 'lak'; 'lake' is meant/)
})

test('explain asks the service of its own catalogs: place, quota, remedy and partitions', async () => {
  const { out } = await table('explain', 'db.orders')
  assert.match(out, /^db\.orders: no-optimizer: no optimizer is registered in resource group 'default'\n/)
  assert.match(
    out,
    /^ {2}change: {2}start an optimizer for group 'default': moraine group command default prints how; moraine group explain default tells /m,
  )
  assert.match(out, /^ {2}quota: {3}0\.5, now \d+ threads?; 0 tasks running, 0 waiting; /m)
  assert.match(out, /^ {4}region=eu: asked for, nothing due, /m)
  const answer = JSON.parse((await table('explain', 'db.orders', '--partition', 'region=eu', '--json')).out)
  assert.deepEqual(
    [
      answer.table,
      answer.verdict.kind,
      answer.queue,
      answer.partitions.map((each: { partition: string }) => each.partition),
    ],
    [['db', 'orders'], 'no-optimizer', null, ['region=eu']],
  )
})

test('explain names the partitions that are there, and refuses what only goes with files', async () => {
  const other = await table('explain', 'db.orders', '--partition', 'region=us')
  assert.equal(other.code, 1)
  assert.match(other.err, /db\.orders has no data in partition 'region=us'; there is data in region=eu$/m)
  const typed = await table('explain', 'db.orders', '--type', 'full', '--storage', 's3.region=eu-west-1')
  assert.equal(typed.code, 2)
  assert.match(typed.err, /--storage, --type: the service is asked, which has its own/)
})

test('processes and tasks are listed, and a process that is not there cannot be canceled', async () => {
  assert.equal((await table('processes', 'db.orders')).out, 'db.orders: no process has been made of it\n')
  const listed = JSON.parse((await table('processes', 'db.orders', '--status', 'failed', '--json')).out)
  assert.deepEqual(listed, { table: ['db', 'orders'], list: [], total: 0 })
  for (const [args, code, says] of [
    [['processes', 'db.orders', '--status', 'odd'], 2, /status 'odd' is none of executing, .*failed.*CLOSED/],
    [['processes', 'db.orders', '--limit', '0'], 2, /--limit 0: it must be a whole number from 1/],
    [['tasks', 'db.orders'], 1, /db\.orders has not been optimized yet/],
    [['tasks', 'db.orders', '18'], 1, /the table has no process 18/],
    [['cancel', 'db.orders'], 1, /db\.orders has no process that could be canceled; no-optimizer: /],
    [['cancel', 'db.orders', '18'], 1, /the table has no process 18/],
  ] as const) {
    const end = await table(...args)
    assert.equal(end.code, code, end.err)
    assert.match(end.err, says)
  }
})

test('a process whose thread does not answer is canceled; the next is done, with its cost before and after', async () => {
  await table('pause', 'db.orders')
  await appendOrders(orders, 4)
  const group = (...args: readonly string[]) => runCli(['group', ...args, '--server', url, '--json'])
  const { command } = JSON.parse((await group('command', 'default')).out) as { command: readonly string[] }
  optimizer = startCli(command.slice(1))
  await eventually('the optimizer is registered', async () => {
    const [found] = JSON.parse((await group('list')).out) as readonly { occupationCore: number }[]
    return found?.occupationCore === 2 || undefined
  })
  // Alive as far as the service knows, and takes nothing.
  optimizer.child.kill('SIGSTOP')
  await table('resume', 'db.orders')
  await eventually('a process begins', async () => {
    const { out } = await table('status', 'db.orders', '--json')
    return (JSON.parse(out) as { processId: string | null }).processId ?? undefined
  })
  // It is no failure: the table would be planned again at once.
  await table('pause', 'db.orders')
  assert.match((await table('cancel', 'db.orders')).out, /^db\.orders: process \d{19} is canceled: /)
  assert.match((await table('processes', 'db.orders')).out, / full {4}canceled .*\n\d{19}: canceled by a person\n$/)

  optimizer.child.kill('SIGCONT')
  await table('trigger', 'db.orders', '--type', 'full')
  await table('resume', 'db.orders')
  const ended = await eventually('a process succeeds', async () => {
    const { out } = await table('processes', 'db.orders', '--status', 'succeeded', '--json')
    return (JSON.parse(out) as { list: readonly { processId: string }[] }).list[0]
  })
  assert.match((await table('processes', 'db.orders')).out, / full {4}succeeded .* 1 of 1 .* -> /)
  const { out } = await table('tasks', 'db.orders')
  assert.match(out, new RegExp(`^process ${ended.processId}: 1 task, .* of CPU\n`))
  assert.match(out, /region=eu +success +0 .* -> .* MiB /)
  const late = await table('cancel', 'db.orders', ended.processId)
  assert.notEqual(late.code, 0)
  assert.match(late.err, /has ended already/)
})
