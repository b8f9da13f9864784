import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { findField, structField, structOf, textValue, withFields } from '@moraine/thrift/thrift-tree'
import type { Catalog, CommitOutcome } from '../catalog.ts'
import { type HiveCatalog, hiveCatalog } from './hive-catalog.ts'
import { parametersField, parametersValue, StorageField, TableField, textField } from './hive-struct.ts'
import { metaException } from './metastore-thrift.ts'
import { type FakeMetastore, type FakeOptions, keyOf, startFakeMetastore } from './testing/fake-metastore.ts'
import { type LossyProxy, startLossyProxy } from './testing/lossy-proxy.ts'

const KEY = keyOf('sales', 'orders')
const ALTER = 'alter_table_with_environment_context'

type Bench = {
  readonly fake: FakeMetastore
  readonly proxy: LossyProxy
  readonly io: ReturnType<typeof memoryFileIO>
  /** Through the proxy. */
  readonly catalog: HiveCatalog
  /** Another client, straight to the metastore. */
  readonly other: HiveCatalog
  readonly leftovers: string[]
  open(properties: Readonly<Record<string, string>>): HiveCatalog
}

async function start(context: TestContext, properties = {}, options: FakeOptions = {}): Promise<Bench> {
  const fake = await startFakeMetastore(options)
  const proxy = await startLossyProxy(fake.port)
  const io = memoryFileIO()
  const leftovers: string[] = []
  const opened: HiveCatalog[] = []
  const open = (own: Readonly<Record<string, string>>) => {
    const catalog = hiveCatalog({
      name: 'hive',
      properties: { warehouse: 's3://b/wh', 'iceberg.hive.lock-check-min-wait-ms': '1', ...properties, ...own },
      io,
      clock: systemClock,
      random: seededRandom(opened.length + 1),
      hostname: 'here',
      onLeftover: (_, what) => leftovers.push(...what),
    })
    opened.push(catalog)
    return catalog
  }
  context.after(async () => {
    await Promise.all([...opened.map((each) => each.close()), proxy.close()])
    await fake.stop()
  })
  const catalog = open({ uri: `thrift://127.0.0.1:${proxy.port}` })
  const other = open({ uri: `thrift://127.0.0.1:${fake.port}` })
  return { fake, proxy, io, catalog, other, leftovers, open }
}

const setProperty = (catalog: Catalog, key: string, value = 'x'): Promise<CommitOutcome> =>
  catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: value } }] })

const propertyOf = async (catalog: Catalog, key: string) => (await catalog.loadTable(ORDERS)).metadata.properties[key]
const metadataFiles = ({ io }: Bench) => io.locations().filter((each) => each.endsWith('.metadata.json')).length
const WITHOUT_LOCKS = { 'engine.hive.lock-enabled': 'false' }

/** Keeps whatever reaches this point waiting until it is opened. */
function gate() {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    pass() {
      reached.resolve()
      return opened.promise
    },
  }
}

test('all that a table has in the metastore and Iceberg does not know survives commits', async (context) => {
  const { fake, catalog } = await start(context)
  await createSalesOrders({ catalog })
  const table = fake.tables.get(KEY) ?? structOf({})
  const storage = structField(table, TableField.storage) ?? structOf({})
  const parameters = new Map([...parametersField(table, TableField.parameters), ['transient_lastDdlTime', '7']])
  fake.tables.set(
    KEY,
    withFields(table, {
      [TableField.parameters]: parametersValue(parameters),
      [TableField.storage]: withFields(storage, { 6: { type: 'i32', value: -1 }, 90: textValue('later') }),
      25: { type: 'i64', value: 2n ** 60n },
      91: structOf({ 1: textValue('of a later version') }),
    }),
  )
  assert.equal((await setProperty(catalog, 'k')).kind, 'committed')
  const after = fake.tables.get(KEY) ?? structOf({})
  const storageAfter = structField(after, TableField.storage) ?? structOf({})
  assert.equal(parametersField(after, TableField.parameters).get('transient_lastDdlTime'), '7')
  assert.equal(parametersField(after, TableField.parameters).get('k'), 'x')
  assert.equal(textField(storageAfter, 90), 'later')
  assert.equal(textField(storageAfter, StorageField.location), 's3://b/wh/sales.db/orders')
  assert.deepEqual(findField(after, 25), { type: 'i64', value: 2n ** 60n })
  assert.equal(textField(structField(after, 91) ?? structOf({}), 1), 'of a later version')
})

test('a commit waits for the lock that another has, and takes effect after it', async (context) => {
  const bench = await start(context)
  const { fake, catalog, other } = bench
  await createSalesOrders({ catalog })
  const altering = gate()
  fake.beforeCall = (method) => (method === ALTER ? altering.pass() : undefined)
  const first = setProperty(other, 'first')
  await altering.reached
  const waiting = gate()
  fake.beforeCall = (method) => (method === 'check_lock' ? waiting.pass() : undefined)
  const second = setProperty(catalog, 'second')
  await waiting.reached
  assert.deepEqual(
    fake.locks.map(({ target, user }) => [target, user]),
    [
      ['sales.orders', 'moraine'],
      ['sales.orders', 'moraine'],
    ],
  )
  altering.open()
  waiting.open()
  assert.equal((await first).kind, 'committed')
  const outcome = await second
  assert.deepEqual([outcome.kind, outcome.kind === 'conflict' && outcome.raced], ['conflict', true])
  assert.deepEqual(fake.locks, [])
  assert.equal(metadataFiles(bench), 2)
})

test('a lock that others hold for too long ends the commit, and nothing is left behind', async (context) => {
  const bench = await start(context, { 'iceberg.hive.lock-timeout-ms': '20' })
  const { fake, catalog, other } = bench
  const created = await createSalesOrders({ catalog })
  const altering = gate()
  fake.beforeCall = (method) => (method === ALTER ? altering.pass() : undefined)
  const first = setProperty(other, 'first')
  await altering.reached
  await assert.rejects(setProperty(catalog, 'late'), (error) => {
    assert.ok(isKind(error, 'timeout'), String(error))
    assert.match(error.message, /lock on sales\.orders for 20 ms/)
    return true
  })
  assert.equal(fake.locks.length, 1, 'only that of the other')
  await assert.rejects(catalog.renameTable(ORDERS, { namespace: ['sales'], name: 'moved' }), /lock on sales\.orders/)
  altering.open()
  assert.equal((await first).kind, 'committed')
  assert.deepEqual([metadataFiles(bench), fake.locks.length], [2, 0])
  assert.notDeepEqual(await catalog.loadTable(ORDERS), created)
})

test('a commit that is aborted while it waits gives up its place', async (context) => {
  const { fake, catalog, other } = await start(context)
  await createSalesOrders({ catalog })
  const altering = gate()
  fake.beforeCall = (method) => (method === ALTER ? altering.pass() : undefined)
  const first = setProperty(other, 'first')
  await altering.reached
  const waiting = gate()
  fake.afterCall = (method) => (method === 'check_lock' ? waiting.pass() : undefined)
  const abort = new AbortController()
  const updates = [{ action: 'set-properties', updates: { late: 'x' } }] as const
  const late = catalog.commitTable(ORDERS, { requirements: [], updates }, abort.signal)
  await waiting.reached
  abort.abort(new Error('enough'))
  waiting.open()
  await assert.rejects(late, /enough/)
  assert.equal(fake.locks.length, 1)
  altering.open()
  assert.equal((await first).kind, 'committed')
})

/** Forgets the lock that is held; settled once its holder has heard of it. */
async function loseLock({ fake, other }: Bench): Promise<void> {
  const refused = Promise.withResolvers<void>()
  const { beforeCall } = fake
  fake.beforeCall = (method) => {
    if (method === 'heartbeat' && fake.locks.length === 0) refused.resolve()
  }
  fake.expireLocks()
  await refused.promise
  // Whatever was sent before the last of these answers has arrived.
  for (let call = 0; call < 3; call += 1) await other.listNamespaces([])
  fake.beforeCall = beforeCall
}

const OFTEN = { 'iceberg.hive.lock-heartbeat-interval-ms': '1' }

test('a lock lost before the table is changed ends the commit, and nothing is changed', async (context) => {
  const bench = await start(context, OFTEN)
  const { fake, catalog } = bench
  const created = await createSalesOrders({ catalog })
  // The table is read again once the lock is held.
  fake.beforeCall = (method) => (method === 'get_table_req' && fake.locks.length > 0 ? loseLock(bench) : undefined)
  await assert.rejects(setProperty(catalog, 'k'), (error) => {
    assert.ok(isKind(error, 'unavailable'), String(error))
    assert.match(error.message, /lock on sales\.orders may have been lost/)
    return true
  })
  assert.deepEqual(await catalog.loadTable(ORDERS), created)
  assert.deepEqual([metadataFiles(bench), fake.locks, bench.leftovers], [1, [], []])
})

test('a lock lost while the table is changed leaves the outcome open', async (context) => {
  const bench = await start(context, OFTEN)
  const { fake, catalog } = bench
  await createSalesOrders({ catalog })
  fake.beforeCall = (method) => (method === ALTER ? loseLock(bench) : undefined)
  const outcome = await setProperty(catalog, 'k')
  assert.match(outcome.kind === 'unknown' ? outcome.cause.message : outcome.kind, /may have been lost/)
  assert.equal(await propertyOf(catalog, 'k'), 'x')
})

test('a pointer that was changed in between is a conflict where the metastore compares it', async (context) => {
  const bench = await start(context, WITHOUT_LOCKS, { comparesPointers: true })
  const { fake, catalog, other } = bench
  await createSalesOrders({ catalog })
  let raced = false
  fake.beforeCall = async (method) => {
    if (method !== ALTER || raced) return
    raced = true
    assert.equal((await setProperty(other, 'theirs')).kind, 'committed')
  }
  const outcome = await setProperty(catalog, 'mine')
  assert.deepEqual([outcome.kind, outcome.kind === 'conflict' && outcome.raced], ['conflict', true])
  assert.deepEqual([await propertyOf(catalog, 'theirs'), await propertyOf(catalog, 'mine')], ['x', undefined])
  assert.equal(metadataFiles(bench), 2)
})

test('the echo of our own commit is no conflict', async (context) => {
  const { fake, catalog } = await start(context, WITHOUT_LOCKS, { comparesPointers: true })
  await createSalesOrders({ catalog })
  fake.afterCall = (method) => {
    if (method !== ALTER) return
    const message = "The table has been modified. The parameter value for key 'metadata_location' is 'x'."
    throw metaException.make({ message })
  }
  assert.equal((await setProperty(catalog, 'mine')).kind, 'committed')
})

test('a refusal that comes after the change was made is no failure; one before it is, and says why', async (context) => {
  const bench = await start(context)
  const { fake, catalog } = bench
  await createSalesOrders({ catalog })
  const fail = (method: string) => {
    if (method === ALTER) throw metaException.make({ message: 'a listener failed' })
  }
  fake.afterCall = fail
  assert.equal((await setProperty(catalog, 'made')).kind, 'committed')
  fake.afterCall = () => undefined
  fake.beforeCall = fail
  await assert.rejects(setProperty(catalog, 'refused'), /refuses the commit to sales\.orders: a listener failed/)
  fake.beforeCall = () => undefined
  assert.deepEqual([metadataFiles(bench), fake.locks.length], [2, 0])
  assert.equal(await propertyOf(catalog, 'refused'), undefined)
})

test('a lost answer is settled by the log of those who went on', async (context) => {
  const { fake, proxy, catalog, other } = await start(context, WITHOUT_LOCKS, { comparesPointers: true })
  await createSalesOrders({ catalog })
  fake.afterCall = async (method) => {
    if (method !== ALTER) return
    fake.afterCall = () => undefined
    for (const step of ['a', 'b']) assert.equal((await setProperty(other, step)).kind, 'committed')
  }
  proxy.loseNextAnswer(ALTER)
  assert.equal((await setProperty(catalog, 'mine')).kind, 'committed')
  assert.deepEqual([await propertyOf(catalog, 'mine'), await propertyOf(catalog, 'b')], ['x', 'x'])
})

test('a commit that is called refused, and was made, keeps its file when the log of those who went on has lost it', async (context) => {
  const bench = await start(context, WITHOUT_LOCKS, { comparesPointers: true })
  const { fake, catalog, other } = bench
  const properties = { ...SALES_ORDERS_TABLE.properties, 'write.metadata.previous-versions-max': '1' }
  await createSalesOrders({ catalog }, { ...SALES_ORDERS_TABLE, properties })
  fake.afterCall = async (method) => {
    if (method !== ALTER) return
    fake.afterCall = () => undefined
    for (const step of ['a', 'b']) assert.equal((await setProperty(other, step)).kind, 'committed')
    throw metaException.make({ message: 'a listener failed' })
  }
  const outcome = await setProperty(catalog, 'mine')
  assert.match(outcome.kind === 'unknown' ? outcome.cause.message : outcome.kind, /a listener failed/)
  assert.deepEqual([await propertyOf(catalog, 'mine'), metadataFiles(bench)], ['x', 4])
})

test('a commit of unknown fate keeps its file and no lock', async (context) => {
  const bench = await start(context)
  const { fake, proxy, catalog } = bench
  await createSalesOrders({ catalog })
  proxy.loseNextRequest(ALTER)
  const outcome = await setProperty(catalog, 'mine')
  assert.match(outcome.kind === 'unknown' ? outcome.cause.message : outcome.kind, /was lost; whether .* is unknown/)
  assert.deepEqual([metadataFiles(bench), fake.locks.length], [2, 0])
})

for (const [method, lose] of [
  ['lock', 'loseNextAnswer'],
  ['lock', 'loseNextRequest'],
  ['unlock', 'loseNextAnswer'],
  ['unlock', 'loseNextRequest'],
  ['get_table_req', 'loseNextAnswer'],
] as const) {
  test(`${lose} of ${method}: no lock is left behind`, async (context) => {
    const bench = await start(context)
    const { fake, proxy, catalog } = bench
    await createSalesOrders({ catalog })
    proxy[lose](method)
    const outcome = await setProperty(catalog, 'k').catch((error: unknown) => error)
    // A request for a lock that did not arrive is not made again: it might, and then there would be two.
    const isRefused = method === 'lock' && lose === 'loseNextRequest'
    if (isRefused) assert.ok(isKind(outcome, 'unavailable'))
    else assert.equal((outcome as CommitOutcome).kind, 'committed')
    assert.deepEqual([fake.locks, bench.leftovers], [[], []])
    assert.equal(metadataFiles(bench), isRefused ? 1 : 2)
  })
}

test('a lock that cannot be released is told of', async (context) => {
  const { fake, catalog, leftovers } = await start(context)
  await createSalesOrders({ catalog })
  fake.beforeCall = (method) => {
    if (method === 'unlock') throw new Error('database gone')
  }
  assert.equal((await setProperty(catalog, 'k')).kind, 'committed')
  assert.deepEqual(leftovers, ['lock 1 on sales.orders'])
})

test('a table says by itself whether commits to it take locks', async (context) => {
  const { fake, catalog } = await start(context, {}, { comparesPointers: true })
  const properties = { ...SALES_ORDERS_TABLE.properties, ...WITHOUT_LOCKS }
  await createSalesOrders({ catalog }, { ...SALES_ORDERS_TABLE, properties })
  fake.beforeCall = (method) => {
    if (method.includes('lock')) throw new Error('this metastore has no tables for locks')
  }
  assert.equal((await setProperty(catalog, 'k')).kind, 'committed')
  assert.equal((await setProperty(catalog, 'engine.hive.lock-enabled', 'true')).kind, 'committed')
  await assert.rejects(
    setProperty(catalog, 'k', 'y'),
    /gives no lock on sales\.orders; .*engine\.hive\.lock-enabled=false/,
  )
})

test('a creation whose answer is lost is settled; one that did not arrive is uncertain', async (context) => {
  const { proxy, catalog } = await start(context)
  const create = 'create_table_with_environment_context'
  proxy.loseNextAnswer(create)
  const created = await createSalesOrders({ catalog })
  assert.deepEqual(await catalog.loadTable(ORDERS), created)
  proxy.loseNextRequest(create)
  const second = { namespace: ['sales'], name: 'second' }
  await assert.rejects(catalog.createTable(second, SALES_ORDERS_TABLE), /may or may not have been created/)
})

test('a creation whose answer is lost is ours also when others have gone on further than their log goes back', async (context) => {
  const bench = await start(context)
  const { fake, proxy, catalog, other } = bench
  const create = 'create_table_with_environment_context'
  fake.afterCall = async (method) => {
    if (method !== create) return
    fake.afterCall = () => undefined
    for (const step of ['a', 'b']) assert.equal((await setProperty(other, step)).kind, 'committed')
  }
  proxy.loseNextAnswer(create)
  const properties = { ...SALES_ORDERS_TABLE.properties, 'write.metadata.previous-versions-max': '1' }
  const created = await createSalesOrders({ catalog }, { ...SALES_ORDERS_TABLE, properties })
  assert.equal((await other.loadTable(ORDERS)).metadata.tableUuid, created.metadata.tableUuid)
  assert.equal(metadataFiles(bench), 3, 'that of the creation is among them')
})

test('a creation that another came before is refused, also when that answer is lost', async (context) => {
  const bench = await start(context)
  const { fake, proxy, catalog, other } = bench
  const create = 'create_table_with_environment_context'
  await other.createNamespace(['sales'], {})
  fake.beforeCall = async (method) => {
    if (method !== create) return
    fake.beforeCall = () => undefined
    await other.createTable(ORDERS, SALES_ORDERS_TABLE)
  }
  proxy.loseNextAnswer(create)
  await assert.rejects(catalog.createTable(ORDERS, SALES_ORDERS_TABLE), (error) => isKind(error, 'already-exists'))
  assert.equal(metadataFiles(bench), 1)
})

test('a version of a table is not registered where another one of it came first', async (context) => {
  const bench = await start(context)
  const { fake, catalog, other } = bench
  const { metadataLocation: first } = await createSalesOrders({ catalog })
  assert.equal((await setProperty(other, 'later')).kind, 'committed')
  const { metadataLocation: second } = await other.loadTable(ORDERS)
  const copy = { ...ORDERS, name: 'copy' }
  fake.beforeCall = async (method) => {
    if (method !== 'create_table_with_environment_context') return
    fake.beforeCall = () => undefined
    await other.registerTable(copy, second)
  }
  await assert.rejects(catalog.registerTable(copy, first), (error) => isKind(error, 'already-exists'))
  assert.equal(await other.findMetadataLocation(copy), second)
})

test('that commits can be made is seen without one; nothing is changed, and no lock stays', async (context) => {
  for (const isLocked of ['true', 'false']) {
    const bench = await start(context, { 'engine.hive.lock-enabled': isLocked }, { comparesPointers: true })
    const { metadataLocation } = await createSalesOrders(bench)
    const before = bench.fake.tables.get(KEY)
    assert.match((await bench.catalog.probeCommit?.(ORDERS)) ?? '', /was refused, as it must be/)
    assert.deepEqual(bench.fake.tables.get(KEY), before)
    assert.equal(await bench.other.findMetadataLocation(ORDERS), metadataLocation)
    const outcome = await setProperty(bench.other, 'after')
    assert.equal(outcome.kind, 'committed')
  }
  const lossy = await start(context, { 'engine.hive.lock-enabled': 'false' }, { comparesPointers: false })
  await createSalesOrders(lossy)
  await assert.rejects(async () => lossy.catalog.probeCommit?.(ORDERS), /HIVE-26882 is missing/)
})
