import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { must } from '@moraine/stdx/assert'
import { freePort } from '@moraine/testkit/free-port'
import { runLabScript } from '../lab/lab-script.ts'
import { startLeashed } from '../lab/leashed.ts'
import { untilAnswered } from '../lab/moraine.ts'

// An independent client of the table service, with a declaration of its own: what it sends is understood, and it reads what
// it is answered.

type Answer = {
  readonly result?: unknown
  readonly exception?: string
  readonly message?: string
}

type Catalog = { readonly catalogType: string; readonly catalogProperties: Record<string, string> }

type Blocker = {
  readonly blockerId: string
  readonly operations: readonly number[]
  readonly properties: Record<string, string>
}

const CLIENT = fileURLToPath(new URL('call_table_service.py', import.meta.url))
const TABLE = { catalog: 'lake', database: 'sales', tableName: 'orders' }
const [OPTIMIZE, BATCH_WRITE] = [0, 1]

const home = mkdtempSync(join(tmpdir(), 'moraine-tables-'))
after(() => rmSync(home, { recursive: true, force: true }))

const installed = runLabScript('thriftpy2.sh', ['install'])

function resultOf<Result>(answer: Answer | undefined): Result {
  assert.ok(answer?.result, JSON.stringify(answer))
  return answer.result as Result
}

async function startTableService() {
  const port = await freePort()
  const config = join(home, 'config.yaml')
  writeFileSync(config, JSON.stringify({ ams: { 'thrift-server.table-service.bind-port': port } }))
  const place = ['--port', '0', '--thrift-port', '0', '--data-dir', join(home, 'data')]
  const service = startLeashed('bin/moraine', ['serve', '--config', config, ...place])
  after(() => service.kill())
  const [, url = ''] = /listens on (\S+),/.exec(await service.line(/listens on/)) ?? []
  const calls = (...asked: readonly (readonly [string, ...unknown[]])[]): readonly Answer[] => {
    const run = runLabScript('thriftpy2.sh', ['python', CLIENT, String(port)], JSON.stringify(asked))
    assert.ok(run.kind === 'started')
    return JSON.parse(run.engine)
  }
  const call = (...asked: readonly [string, ...unknown[]]) => must(calls(asked)[0], 'an answer')
  const send = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const { result } = (await answer.json()) as Answer
    return { status: answer.status, result }
  }
  return { url, calls, call, send }
}

test('a client that knows nothing of this service works with it', { timeout: 180_000 }, async (context) => {
  if (installed.kind === 'unavailable') return context.skip(installed.why)
  const { url, calls, call, send } = await startTableService()

  const [lake, none] = calls(['getCatalog', 'LAKE'], ['getCatalog', 'none'])
  const { catalogType, catalogProperties } = resultOf<Catalog>(lake)
  assert.deepEqual([catalogType, catalogProperties['uri']], ['ams', `${url}/api/iceberg/rest`])
  assert.equal((await fetch(`${catalogProperties['uri']}/v1/config?warehouse=lake`)).status, 200)
  assert.equal(none?.exception, 'NoSuchObjectException')

  const made = calls(
    ['createDatabase', 'lake', 'sales'],
    ['createDatabase', 'lake', 'sales'],
    ['getDatabases', 'lake'],
    ['listTables', 'lake', 'sales'],
    ['getTable', TABLE],
    ['createTableMeta', { tableIdentifier: TABLE, locations: {}, format: 'MIXED_ICEBERG' }],
    ['allocateTransactionId', TABLE, ''],
  )
  assert.deepEqual(
    made.map(({ result, exception }) => exception ?? result),
    [null, 'AlreadyExistsException', ['sales'], [], 'NoSuchObjectException', 'MetaException', 'TApplicationException'],
  )

  const tables = '/api/ams/v1/catalogs/lake/databases/sales/tables'
  assert.equal((await send('POST', tables, { name: 'orders', columns: [{ name: 'id', type: 'long' }] })).status, 200)
  const managed = '/api/ams/v1/tables/catalogs/lake/dbs/sales/tables/orders'
  await untilAnswered(
    async () => ((await send('GET', `${managed}/blockers`)).status === 200 ? true : undefined),
    context.signal,
  )

  const lease = resultOf<Blocker>(call('block', TABLE, [BATCH_WRITE, OPTIMIZE], {}))
  const { properties } = lease
  assert.deepEqual(lease.operations, [BATCH_WRITE, OPTIMIZE])
  assert.equal(properties['blocker.timeout'], '60000')
  assert.ok(Number(properties['expiration.time']) > Number(properties['create.time']))
  const [held] = resultOf<readonly Blocker[]>(await send('GET', `${managed}/blockers`))
  assert.equal(held?.blockerId, lease.blockerId)
  const [seen, refused, renewed, released, gone, left] = calls(
    ['getBlockers', TABLE],
    ['block', TABLE, [OPTIMIZE], {}],
    ['renewBlocker', TABLE, lease.blockerId],
    ['releaseBlocker', TABLE, lease.blockerId],
    ['renewBlocker', TABLE, lease.blockerId],
    ['getBlockers', TABLE],
  )
  assert.deepEqual(
    resultOf<readonly Blocker[]>(seen).map(({ blockerId }) => blockerId),
    [lease.blockerId],
  )
  assert.equal(refused?.exception, 'OperationConflictException')
  assert.ok(Number(renewed?.result) >= Number(properties['expiration.time']))
  assert.deepEqual([released?.result, gone?.exception, left?.result], [null, 'NoSuchObjectException', []])

  const removed = calls(['removeTable', TABLE, true], ['removeTable', TABLE, true], ['dropDatabase', 'lake', 'sales'])
  assert.deepEqual(
    removed.map(({ result, exception }) => exception ?? result),
    [null, 'NoSuchObjectException', null],
  )
})
