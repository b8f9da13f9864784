import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom, systemRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { structOf, textValue } from '@moraine/thrift/thrift-tree'
import { hiveCatalog } from './hive-catalog.ts'
import { hiveSettings } from './hive-settings.ts'
import { parametersValue, TableField } from './hive-struct.ts'
import { openMetastore } from './metastore.ts'
import { type FakeOptions, keyOf, startFakeMetastore } from './testing/fake-metastore.ts'
import { startLossyProxy } from './testing/lossy-proxy.ts'

async function start(context: TestContext, options: FakeOptions = {}) {
  const fake = await startFakeMetastore(options)
  context.after(() => fake.stop())
  return fake
}

function connectTo(context: TestContext, ports: readonly number[], properties = {}) {
  const uri = ports.map((port) => `thrift://127.0.0.1:${port}`).join(',')
  const metastore = openMetastore(hiveSettings({ uri, ...properties }), systemClock, systemRandom)
  context.after(() => metastore.close())
  return {
    ...metastore,
    names: () => metastore.once((client, options) => client.get_all_databases({}, options)),
  }
}

/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('an address that cannot be reached is passed over, for changes too', async (context) => {
  const [fake, dead] = [await start(context), await deadPort()]
  const metastore = connectTo(context, [dead, fake.port])
  const database = structOf({ 1: textValue('made') })
  await metastore.once((client, options) => client.create_database({ database }, options))
  assert.deepEqual(await metastore.names(), ['default', 'made'])
})

test('the next one takes over when the first goes away, and none is said to be none', async (context) => {
  const [first, second] = [await start(context), await start(context)]
  const metastore = connectTo(context, [first.port, second.port])
  await metastore.once((client) => client.create_database({ database: structOf({ 1: textValue('of_first') }) }))
  await first.stop()
  assert.deepEqual(await metastore.repeatable((client, options) => client.get_all_databases({}, options)), ['default'])
  await second.stop()
  await assert.rejects(
    metastore.repeatable((client, options) => client.get_all_databases({}, options)),
    (error) =>
      isKind(error, 'unavailable') && error.message.includes(`127.0.0.1:${first.port}, 127.0.0.1:${second.port}`),
  )
})

test('what may be done twice is done again after a lost connection, and nothing else is', async (context) => {
  const fake = await start(context)
  const proxy = await startLossyProxy(fake.port)
  context.after(() => proxy.close())
  const metastore = connectTo(context, [proxy.port])
  for (const lose of ['loseNextAnswer', 'loseNextRequest'] as const) {
    proxy[lose]('get_all_databases')
    assert.deepEqual(await metastore.repeatable((client) => client.get_all_databases({})), ['default'])
    proxy[lose]('get_all_databases')
    await assert.rejects(metastore.names(), /whether calls under way were carried out is unknown/)
  }
})

test('calls wait for one of the connections; an urgent one does not', async (context) => {
  const fake = await start(context)
  const metastore = connectTo(context, [fake.port], { clients: '2' })
  const held = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  let inside = 0
  fake.beforeCall = (method) => {
    if (method !== 'get_all_databases') return undefined
    inside += 1
    if (inside === 2) entered.resolve()
    return held.promise
  }
  const calls = [metastore.names(), metastore.names(), metastore.names()]
  await entered.promise
  const lock = { component: [], user: 'u', hostname: 'h' }
  await metastore.once((client) => client.lock({ rqst: lock }), { isUrgent: true })
  assert.equal(inside, 2)
  const abort = new AbortController()
  const late = metastore.once((client) => client.get_all_databases({}), { signal: abort.signal })
  abort.abort(new Error('enough'))
  await assert.rejects(late, /enough/)
  held.resolve()
  assert.deepEqual(await Promise.all(calls), [['default'], ['default'], ['default']])
  assert.equal(inside, 3)
})

test('a call that is not answered in time, or given up, keeps nobody waiting', async (context) => {
  const fake = await start(context)
  const settings = { 'hive.metastore.client.socket.timeout': '200ms', clients: '1' }
  const metastore = connectTo(context, [fake.port], settings)
  const entered = Promise.withResolvers<void>()
  fake.beforeCall = () => {
    entered.resolve()
    return new Promise(() => {})
  }
  const abort = new AbortController()
  const aborted = metastore.once((client, options) => client.get_all_databases({}, options), { signal: abort.signal })
  await entered.promise
  fake.beforeCall = () => undefined
  const next = metastore.names()
  abort.abort(new Error('enough'))
  await assert.rejects(aborted, /enough/)
  assert.deepEqual(await next, ['default'])
  fake.beforeCall = () => new Promise(() => {})
  await assert.rejects(metastore.names(), (error) => isKind(error, 'timeout'))
  fake.beforeCall = () => undefined
  assert.deepEqual(await metastore.names(), ['default'])
})

for (const speaks of ['no-requests', 'only-requests'] as const) {
  test(`a metastore that has ${speaks} of the two forms of calls`, async (context) => {
    const fake = await start(context, { speaks })
    const catalog = hiveCatalog({
      name: 'hive',
      properties: { uri: `thrift://127.0.0.1:${fake.port}`, warehouse: 's3://b/wh' },
      io: memoryFileIO(),
      clock: systemClock,
      random: seededRandom(1),
      onLeftover: (error) => {
        throw error
      },
    })
    context.after(() => catalog.close())
    const created = await createSalesOrders({ catalog })
    assert.deepEqual(await catalog.loadTable(ORDERS), created)
    assert.deepEqual(await catalog.listTables(['sales']), { items: [ORDERS] })
    // What is looked for may be in upper case, what is made may not.
    assert.deepEqual(await catalog.loadTable({ namespace: ['SALES'], name: 'Orders' }), created)
    await assert.rejects(catalog.createTable({ namespace: ['sales'], name: 'New' }, SALES_ORDERS_TABLE), /lower case/)
    await assert.rejects(catalog.createNamespace(['Sales']), /lower case/)

    // A table of Hive's own is not ours, but its name is taken.
    const own = { namespace: ['sales'], name: 'own' }
    const parameters = parametersValue(new Map([['numFiles', '1']]))
    const text = { [TableField.tableName]: textValue('own'), [TableField.dbName]: textValue('sales') }
    fake.tables.set(keyOf('sales', 'own'), structOf({ ...text, [TableField.parameters]: parameters }))
    assert.deepEqual(await catalog.listTables(['sales']), { items: [ORDERS] })
    assert.equal(await catalog.findMetadataLocation(own), undefined)
    await assert.rejects(catalog.dropTable(own), (error) => isKind(error, 'not-found'))
    await assert.rejects(catalog.createTable(own, SALES_ORDERS_TABLE), (error) => isKind(error, 'already-exists'))
    await assert.rejects(catalog.renameTable(ORDERS, own), (error) => isKind(error, 'already-exists'))
  })
}
