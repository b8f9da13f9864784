import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noSuchObjectException, operationConflictException } from '@moraine/api/thrift/table-metastore'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildOptimizer, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import { serveTables } from './testing/serve-tables.ts'

const TABLE = '/tables/catalogs/Lake/dbs/sales/tables/orders'
/** As an engine names it, whose address was put in lower case. */
const tableIdentifier = { catalog: 'lake', database: 'sales', tableName: 'orders' }
const [OPTIMIZE, BATCH_WRITE] = [0, 1]

/** A table that waits to be planned. */
async function setUp() {
  const world = await serveTables()
  const { stores } = world
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  await stores.state.apply([{ kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash' }])
  const name = { catalog: 'Lake', namespace: ['sales'], name: 'orders' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const table = must(await stores.tables.findTable(tableId), 'the table')
  await stores.state.apply(recordEvaluation(table, buildEvaluation(), T0))
  const verdict = async () => (await world.ask('GET', `${TABLE}/verdict`)).result.kind
  return { ...world, verdict }
}

test('a lease on optimizing keeps the table from being planned until it is given back, and is seen by the API', async () => {
  const { client, ask, verdict, ended } = await setUp()
  assert.equal(await verdict(), 'queued')
  const lease = await client.block({ tableIdentifier, operations: [BATCH_WRITE, OPTIMIZE], properties: new Map() })
  assert.ok(lease)
  assert.deepEqual(lease.operations, [BATCH_WRITE, OPTIMIZE])
  assert.deepEqual(Object.fromEntries(lease.properties ?? []), {
    'create.time': String(T0),
    'expiration.time': String(T0 + 60_000),
    'blocker.timeout': '60000',
  })
  assert.equal(await verdict(), 'blocked')
  const [seen] = (await ask('GET', `${TABLE}/blockers`)).result
  assert.deepEqual([seen.blockerId, seen.expiresAt], [lease.blockerId, T0 + 60_000])
  await client.releaseBlocker({ tableIdentifier, blockerId: lease.blockerId })
  assert.equal(ended(), 1)
  assert.equal(await verdict(), 'queued')
  await client.releaseBlocker({ tableIdentifier, blockerId: lease.blockerId })
})

test('of two who ask for the same, through either interface, one is refused', async () => {
  const { client, ask } = await setUp()
  const { result } = await ask('POST', `${TABLE}/blockers`, { operations: ['batch-write'], properties: { by: 'etl' } })
  await assert.rejects(
    client.block({ tableIdentifier, operations: [BATCH_WRITE, OPTIMIZE] }),
    (error) => operationConflictException.match(error)?.message.includes(result.blockerId) === true,
  )
  const own = await client.block({ tableIdentifier, operations: [OPTIMIZE, OPTIMIZE] })
  const all = await client.getBlockers({ tableIdentifier })
  assert.deepEqual(
    all?.map(({ blockerId, operations, properties }) => [blockerId, operations, properties?.get('by')]),
    [
      [result.blockerId, [BATCH_WRITE], 'etl'],
      [own?.blockerId, [OPTIMIZE], undefined],
    ],
  )
})

test('a lease lives on while it is renewed, by the clock of the store, and is not renewed once it has ended', async () => {
  const { client, clock } = await setUp()
  const lease = must(await client.block({ tableIdentifier, operations: [OPTIMIZE] }), 'the lease')
  const mine = { tableIdentifier, blockerId: lease.blockerId }
  await clock.run(clock.sleep(59_000))
  assert.equal(await client.renewBlocker(mine), BigInt(T0 + 119_000))
  await clock.run(clock.sleep(59_000))
  assert.equal((await client.getBlockers({ tableIdentifier }))?.length, 1)
  await clock.run(clock.sleep(2000))
  assert.deepEqual(await client.getBlockers({ tableIdentifier }), [])
  await assert.rejects(client.renewBlocker(mine), (error) =>
    /has ended/.test(noSuchObjectException.match(error)?.message ?? ''),
  )
})

test('a lease for nothing, for what nobody knows, or on a table that is not there is refused', async () => {
  const { client } = await setUp()
  const failed = (message: RegExp) => (error: unknown) => isKind(error, 'internal') && message.test(error.message)
  await assert.rejects(client.block({ tableIdentifier, operations: [] }), failed(/names the operations/))
  await assert.rejects(client.block({ tableIdentifier }), failed(/names the operations/))
  await assert.rejects(
    client.block({ tableIdentifier, operations: [7] }),
    failed(/no operation 7 to block; there are 0/),
  )
  const none = { ...tableIdentifier, tableName: 'none' }
  await assert.rejects(client.block({ tableIdentifier: none, operations: [OPTIMIZE] }), failed(/none is not managed/))
  await assert.rejects(client.getBlockers({ tableIdentifier: { ...none, catalog: 'no' } }), failed(/no catalog 'no'/))
  await client.releaseBlocker({ tableIdentifier: none, blockerId: 'gone' })
})
