import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskId } from '@moraine/lifecycle/identity'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildOptimizer, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const TABLE = '/tables/catalogs/lake/dbs/sales/tables/orders'

/** A table that waits to be planned, and what was told of holds that ended. */
async function setUp() {
  const clock = virtualClock(T0)
  const stores = memoryStores(emptyState(), clock)
  let ended = 0
  const onHoldEnded = () => {
    ended += 1
  }
  const server = await buildHttpServer(buildOptions({ stores, clock, onHoldEnded, onGroupChanged: onHoldEnded }))
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const table = async () => must(await stores.tables.findTable(tableId), 'the table')
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  const call = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    const { result, message } = answer.json()
    return { status: answer.statusCode, result, message }
  }
  return { clock, stores, table, call, ended: () => ended }
}

test('a table is paused with who and why, says so, and is resumed', async () => {
  const { call, table } = await setUp()
  assert.equal((await call('GET', `${TABLE}/verdict`)).result.kind, 'queued')
  const paused = await call('POST', `${TABLE}/pause`, { reason: 'migration' })
  assert.deepEqual([paused.status, paused.result.kind], [200, 'paused'])
  assert.match(paused.result.text, /paused by anybody: migration; there is work/)
  assert.deepEqual((await table()).pause, { since: T0, by: 'anybody', reason: 'migration' })
  const again = await call('POST', `${TABLE}/pause`)
  assert.match(again.result.text, /^paused by anybody: migration;/, 'a reason stays until another is given')
  const otherwise = await call('POST', `${TABLE}/pause`, { reason: 'month end' })
  assert.match(otherwise.result.text, /^paused by anybody: month end;/)
  assert.equal((await call('POST', `${TABLE}/resume`)).result.kind, 'queued')
  assert.equal((await call('POST', `${TABLE}/resume`)).result.kind, 'queued', 'nothing to end')
  assert.equal((await call('POST', '/tables/catalogs/lake/dbs/sales/tables/none/pause')).status, 404)
})

test('a lease is had by one, renewed and given back, and meanwhile holds the table', async () => {
  const { call, clock, ended } = await setUp()
  const path = `${TABLE}/blockers`
  const asked = { operations: ['optimize', 'batch-write'], properties: { application: 'load' } }
  const { result: lease } = await call('POST', path, asked)
  assert.equal(lease.expiresAt, T0 + 60_000)
  assert.deepEqual((await call('GET', path)).result, [lease])
  const refused = await call('POST', path, { operations: ['batch-write'] })
  assert.equal(refused.status, 409)
  assert.ok(refused.message.includes(lease.blockerId))
  const verdict = (await call('GET', `${TABLE}/verdict`)).result
  assert.deepEqual([verdict.kind, verdict.until], ['blocked', T0 + 60_000])
  await clock.run(clock.sleep(59_000))
  const renewed = await call('POST', `${path}/${lease.blockerId}/renew`)
  assert.equal(renewed.result.expiresAt, T0 + 119_000)
  assert.equal((await call('DELETE', `${path}/${lease.blockerId}`)).result, true)
  assert.equal(ended(), 1)
  const gone = await call('DELETE', `${path}/${lease.blockerId}`)
  assert.deepEqual([gone.status, ended()], [404, 1])
  assert.match(gone.message, /^table lake\.sales\.orders has no lease '[\w-]+': it has ended, or is another table's$/)
  assert.equal((await call('POST', `${path}/${lease.blockerId}/renew`)).status, 404)
  assert.equal((await call('GET', `${TABLE}/verdict`)).result.kind, 'queued')
})

test('a lease for nothing, or for what nobody knows, is refused', async () => {
  const { call } = await setUp()
  for (const operations of [[], ['sleep'], ['optimize', 'optimize']]) {
    assert.equal((await call('POST', `${TABLE}/blockers`, { operations })).status, 400, JSON.stringify(operations))
  }
})

test('a group is created once, changed, and removed when nothing uses it', async () => {
  const { call, stores, ended } = await setUp()
  const groups = '/optimize/resourceGroups'
  const etl = { name: 'etl', container: 'local', properties: { windows: '0 22 * * * for 6h Europe/Berlin' } }
  const created = await call('POST', groups, etl)
  assert.deepEqual([created.status, created.result], [200, 'The optimizer group has been successfully created.'])
  assert.deepEqual([(await call('POST', groups, etl)).status], [409])
  assert.equal((await call('PUT', groups, { ...etl, properties: { paused: 'true' } })).status, 200)
  assert.deepEqual((await stores.groups.findGroup('etl'))?.properties, { paused: 'true' })
  assert.equal(ended(), 2, 'whatever waited for the group may go on')
  assert.equal((await call('PUT', groups, { ...etl, name: 'none' })).status, 404)
  assert.equal((await call('GET', `${groups}/etl/delete/check`)).result, true)
  assert.equal((await call('DELETE', `${groups}/etl`)).status, 200)
  assert.equal(await stores.groups.findGroup('etl'), undefined)
  assert.equal((await call('DELETE', `${groups}/etl`)).status, 404)
})

test('a group that tables, optimizers or catalogs use stays, and says what uses it', async () => {
  const { call, stores, table } = await setUp()
  const groups = '/optimize/resourceGroups'
  const remove = async (name: string) => (await call('DELETE', `${groups}/${name}`)).message
  assert.equal((await call('GET', `${groups}/default/delete/check`)).result, false)
  assert.match(await remove('default'), /table orders is optimized in it/)
  for (const name of ['busy', 'wanted']) await stores.groups.saveGroup({ name, container: 'local', properties: {} })
  const optimizer = { ...buildOptimizer(), optimizerId: 'other' as never, group: 'busy' }
  await stores.state.apply([{ kind: 'add-optimizer', optimizer, tokenHash: 'other' }])
  assert.match(await remove('busy'), /optimizer other is registered in it; .*`moraine group release other`/)
  const properties = { warehouse: 's3://w', 'table.self-optimizing.group': 'wanted' }
  await stores.catalogs.saveCatalog({ name: 'far', type: 'ams', properties })
  assert.match(await remove('wanted'), /catalog far puts tables in it/)
  assert.equal((await table()).settings.group, 'default')
})

test('a group that cannot be is refused with what is wrong', async () => {
  const { call } = await setUp()
  const bad = [
    [{ name: 'bad name!' }, /must match/],
    [{ name: 'all' }, /means all groups/],
    [{ container: ' ' }, /no container/],
    [{ properties: { 'scheduling-policy': 'fastest' } }, /scheduling-policy is 'fastest'.*quota or balanced/],
    [{ properties: { 'max-input-file-size-per-thread': '0' } }, /a number above 0/],
    [{ properties: { blackouts: 'at noon' } }, /window 'at noon'/],
    [{ properties: { paused: 'yes' } }, /paused is 'yes'/],
  ] as const
  for (const [part, reason] of bad) {
    const answer = await call('POST', '/optimize/resourceGroups', { name: 'etl', container: 'local', ...part })
    assert.equal(answer.status, 400, answer.message)
    assert.match(answer.message, reason)
  }
})

test('outputs that are not known to be in the table are told, with what becomes of them', async () => {
  const { call, stores } = await setUp()
  const [table] = await stores.tables.listTables({ limit: 1 })
  assert.ok(table)
  const output = {
    processId: PROCESS_1,
    taskId: 1 as TaskId,
    attempt: 2,
    commit: 'unknown',
    dueAt: T0,
    tries: 0,
  } as const
  const discard = { ...output, tableId: table.tableId, reason: undefined, table: undefined }
  await stores.state.apply([{ kind: 'add-discard', discard }])
  const { outputs, outputsTotal } = (await call('GET', `${TABLE}/explain?partitions=0`)).result
  assert.deepEqual([outputs, outputsTotal], [[{ ...output, reason: null }], 1])
})

test('one answer says all that bears on a table, also where its files cannot be read', async () => {
  const { call } = await setUp()
  await call('POST', `${TABLE}/pause`, { reason: 'migration' })
  const { status, result } = await call('GET', `${TABLE}/explain`)
  assert.equal(status, 200)
  assert.deepEqual([result.verdict.kind, result.remedy], ['paused', 'resume the table (moraine table resume)'])
  assert.deepEqual([result.queue, result.work, result.failures, result.partitions], [null, [], [], []])
  assert.match(result.partitionsFailure, /not asked here/)
  assert.deepEqual([result.quota.threads, result.quota.running], [1, 0])
  const without = await call('GET', `${TABLE}/explain?partitions=0`)
  assert.equal(without.result.partitionsFailure, null)
  await call('POST', `${TABLE}/resume`)
  const { queue } = (await call('GET', `${TABLE}/explain`)).result
  assert.deepEqual([queue.position, queue.of, queue.hasWorkAhead], [1, 1, false])
  assert.equal((await call('GET', '/tables/catalogs/lake/dbs/sales/tables/none/explain')).status, 404)
})

test('a field that is not known is refused with the one that is meant, and nothing is changed', async () => {
  const { call, table } = await setUp()
  for (const [method, path, body, says] of [
    ['POST', `${TABLE}/pause`, { reson: 'migration' }, /reson is not known; there are reason; reason is meant$/],
    [
      'POST',
      `${TABLE}/blockers`,
      { operations: ['optimize'], propertys: {} },
      /propertys is not known; .*; properties is meant$/,
    ],
    ['POST', '/optimize/resourceGroups', { name: 'x', container: 'local', propertie: {} }, /; properties is meant$/],
    [
      'POST',
      '/optimize/optimizers',
      { optimizerGroup: 'default', parallelism: 1, force: true },
      /force is not known; there are/,
    ],
    [
      'POST',
      `${TABLE}/blockers`,
      { operations: ['optimise'] },
      /^request body: operations\[0\] must be one of optimize, batch-write$/,
    ],
    ['POST', `${TABLE}/optimize`, { type: 'gigantic' }, /^request body: type must be one of auto, minor, major, full$/],
  ] as const) {
    const { status, message } = await call(method, path, body)
    assert.equal(status, 400, message)
    assert.match(message, says)
  }
  assert.equal((await table()).pause, undefined)
})
