import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import {
  alreadyExistsException,
  metadataException,
  noSuchObjectException,
  notSupportedException,
  tableMetastore,
} from '@moraine/api/thrift/table-metastore'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import { sealCatalog } from '../catalogs/catalog-secrets.ts'
import { secretVault } from '../secrets/secret-vault.ts'
import { REST_URI, serveTables } from './testing/serve-tables.ts'

type Exception = typeof noSuchObjectException

const answered = (type: Exception, message: RegExp) => (error: unknown) =>
  message.test(type.match(error)?.message ?? '')
/** A failure that the method declares nothing for. */
const failed = (message: RegExp) => (error: unknown) => isKind(error, 'internal') && message.test(error.message)

const HIVE = { name: 'hms', type: 'hive', properties: { uri: 'thrift://h:9083' } } as const satisfies ManagedCatalog

const ORDERS = { catalog: 'lake', database: 'sales', tableName: 'orders' }

async function withOrders() {
  const world = await serveTables([HIVE])
  await world.client.createDatabase({ catalogName: 'lake', database: 'sales' })
  const schema = { schemaId: 0, identifierFieldIds: [], fields: [{ id: 1, name: 'id', required: false, type: 'long' }] }
  await world.lake.createTable({ namespace: ['sales'], name: 'orders' }, { schema: schema as never })
  return world
}

test('a catalog is found by its name in lower case, and says where engines find its tables', async () => {
  const { client } = await serveTables([HIVE])
  await client.ping({})
  assert.deepEqual(await client.getCatalog({ name: 'lake' }), {
    catalogName: 'Lake',
    catalogType: 'ams',
    storageConfigs: new Map(),
    authConfigs: new Map(),
    catalogProperties: new Map([
      ['uri', REST_URI],
      ['warehouse', 's3://lake'],
      ['table-formats', 'ICEBERG'],
      ['catalog-impl', 'org.apache.iceberg.rest.RESTCatalog'],
    ]),
  })
  const all = await client.getCatalogs({})
  assert.deepEqual(all?.map(({ catalogName }) => catalogName).sort(), ['Lake', 'hms'])
  await assert.rejects(
    client.getCatalog({ name: 'none' }),
    answered(noSuchObjectException, /there is no catalog 'none'/),
  )
})

test('engines are told the types that they know', async () => {
  const { client } = await serveTables([
    { name: 'files', type: 'filesystem', properties: { warehouse: 's3://files' } },
    { name: 'db', type: 'jdbc', properties: { uri: 'jdbc:postgresql://h/db' } },
  ])
  const files = await client.getCatalog({ name: 'files' })
  assert.deepEqual([files?.catalogType, files?.catalogProperties], ['hadoop', new Map([['warehouse', 's3://files']])])
  const db = await client.getCatalog({ name: 'db' })
  assert.equal(db?.catalogType, 'custom')
  assert.equal(db?.catalogProperties?.get('catalog-impl'), 'org.apache.iceberg.jdbc.JdbcCatalog')
})

const SECRETS = {
  properties: {
    uri: 'jdbc:postgresql://me:hunter-1@h/db?password=hunter-2',
    token: 'hunter-3',
    's3.secret-access-key': 'hunter-4',
    'header.Authorization': 'hunter-5',
    'jdbc.password': 'hunter-6',
    region: 'shown-1',
  },
  storageConfig: {
    'storage.type': 'S3',
    'storage.s3.endpoint': 'http://shown-2',
    'hive.site': Buffer.from('hunter-7').toString('base64'),
    'hadoop.core.site': 'hunter-8',
  },
  authConfig: {
    'auth.type': 'ak/sk',
    'auth.ak_sk.access_key': 'hunter-9',
    'auth.ak_sk.secret_key': 'hunter-10',
    'auth.kerberos.keytab': 'hunter-11',
    'auth.kerberos.krb5': 'hunter-12',
    'auth.simple.hadoop_username': 'shown-3',
  },
}

test('no secret of a catalog is in the bytes of any answer, sealed or not', async () => {
  const plain = { name: 'plain', type: 'jdbc', ...SECRETS } as const
  const random = seededRandom(5)
  const vault = secretVault(random.bytes(32), random)
  const { port } = await serveTables([plain, sealCatalog({ ...plain, name: 'sealed' }, vault)])
  const answers: Buffer[] = []
  const tap = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1').on('data', (data) => answers.push(data))
    socket.pipe(upstream).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(tap, 'listening')
  const tapped = new ThriftConnection({
    host: '127.0.0.1',
    port: (tap.address() as AddressInfo).port,
    clock: systemClock,
  })
  const client = thriftClient(tableMetastore, tapped)
  await client.getCatalogs({})
  for (const name of ['plain', 'SEALED']) await client.getCatalog({ name })
  await assert.rejects(client.listTables({ catalogName: 'plain', database: 'd' }))
  await assert.rejects(client.createDatabase({ catalogName: 'sealed', database: 'd' }))
  await tapped.close()
  tap.close()
  const bytes = Buffer.concat(answers).toString('latin1')
  assert.doesNotMatch(bytes, /hunter|aHVudGVy/)
  for (const [, sealed] of Object.entries(sealCatalog(plain, vault).sealedSecrets ?? {})) {
    assert.ok(!bytes.includes(sealed))
  }
  for (const shown of ['shown-1', 'shown-2', 'shown-3']) assert.ok(bytes.includes(shown), shown)
})

test('databases of an internal catalog are made, listed and dropped', async () => {
  const { client } = await withOrders()
  const sales = { catalogName: 'LAKE', database: 'sales' }
  await assert.rejects(client.createDatabase(sales), answered(alreadyExistsException, /sales/))
  await client.createDatabase({ ...sales, database: 'ads' })
  assert.deepEqual(await client.getDatabases({ catalogName: 'lake' }), ['ads', 'sales'])
  await assert.rejects(client.dropDatabase(sales), failed(/sales/))
  await client.dropDatabase({ ...sales, database: 'ads' })
  await assert.rejects(client.dropDatabase({ ...sales, database: 'ads' }), answered(noSuchObjectException, /ads/))
  assert.deepEqual(await client.getDatabases({ catalogName: 'lake' }), ['sales'])
  await assert.rejects(client.getDatabases({ catalogName: 'none' }), answered(noSuchObjectException, /none/))
  await assert.rejects(client.createDatabase({ ...sales, database: '' }), failed(/cannot be a namespace level/))
})

test('a catalog that others keep is not changed here', async () => {
  const { client } = await serveTables([HIVE])
  const place = { catalogName: 'hms', database: 'sales' }
  const kept = /catalog 'hms' is of type hive/
  await assert.rejects(client.createDatabase(place), answered(noSuchObjectException, kept))
  await assert.rejects(client.dropDatabase(place), answered(notSupportedException, kept))
  await assert.rejects(client.listTables(place), answered(noSuchObjectException, kept))
  const tableIdentifier = { ...ORDERS, catalog: 'hms' }
  await assert.rejects(
    client.removeTable({ tableIdentifier, deleteData: false }),
    answered(noSuchObjectException, kept),
  )
})

test('a table is removed as by the API: kept for a time, its files too, and not while it is protected', async () => {
  const { client, lake, stores } = await withOrders()
  const identifier = { namespace: ['sales'], name: 'orders' }
  const protect = (value: string) =>
    lake.commitTable(identifier, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { 'deletion-protection.enabled': value } }],
    })
  await protect('true')
  const remove = { tableIdentifier: ORDERS, deleteData: true }
  await assert.rejects(client.removeTable(remove), answered(metadataException, /orders is protected/))
  await protect('false')
  await client.removeTable(remove)
  await assert.rejects(lake.loadTable(identifier), { kind: 'not-found' })
  const [kept] = await stores.drops.listDropped('Lake', { offset: 0, limit: 2 })
  assert.deepEqual([kept?.name, kept?.purgesFiles], ['orders', false])
  await assert.rejects(client.removeTable(remove), answered(noSuchObjectException, /orders/))
})

test('what is of mixed tables is refused with the way to those of Iceberg', async () => {
  const { client } = await withOrders()
  const remedy = /no mixed tables yet; use the Iceberg REST catalog at http:\/\/lake\.example:1630\/api\/iceberg\/rest/
  assert.deepEqual(await client.listTables({ catalogName: 'lake', database: 'sales' }), [])
  await assert.rejects(
    client.listTables({ catalogName: 'lake', database: 'none' }),
    answered(noSuchObjectException, /none/),
  )
  await assert.rejects(client.getTable({ tableIdentifier: ORDERS }), answered(noSuchObjectException, remedy))
  const tableMeta = { tableIdentifier: ORDERS, locations: new Map([['table', 's3://x']]), format: 'MIXED_ICEBERG' }
  await assert.rejects(client.createTableMeta({ tableMeta }), answered(metadataException, remedy))
  await client.tableCommit({ commit: { tableIdentifier: ORDERS, commitMetaProducer: 1 } })
  await client.tableCommit({})
  await assert.rejects(client.allocateTransactionId({ tableIdentifier: ORDERS }), failed(/upgrade the connector/))
})

test('who speaks no Thrift is cut off, an unknown method is named, and the others go on', async () => {
  const { client, port, failures } = await serveTables()
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\x7f\xff\xff\xff', '\0\0\0\x08\x80\x01\0\x01\0\0\0\x01']) {
    const stranger = connect(port, '127.0.0.1')
    stranger.on('error', () => {})
    const closed = new Promise((resolve) => stranger.once('close', resolve))
    stranger.end(Buffer.from(garbage, 'latin1'))
    await closed
  }
  const connection = new ThriftConnection({ host: '127.0.0.1', port, clock: systemClock })
  const { header } = await connection.call('TableMetastore:dropEverything', (writer) => {
    writer.structBegin()
    writer.structEnd()
  })
  assert.equal(header.type, 'exception')
  await connection.close()
  await client.ping({})
  assert.ok(failures.some(({ name }) => name === 'TableMetastore:dropEverything'))
})
