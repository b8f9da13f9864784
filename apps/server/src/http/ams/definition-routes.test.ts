import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { TellTableChange } from '../../catalogs/tell-table-change.ts'
import { tellingCatalog } from '../../catalogs/telling-catalog.ts'
import { buildOpened, findAmong } from '../../catalogs/testing/build-opened.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

async function setUp(wrap: (catalog: Catalog) => Catalog = (catalog) => catalog) {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const common = { io: memoryFileIO(), clock, random: seededRandom(7), onLeftover: () => undefined }
  const drops = { pointers: stores.drops, retentionMs: 1000 }
  const own = { ...common, name: 'lake', warehouse: 's3://lake', pointers: stores.pointers, drops }
  const told: string[] = []
  const tell: TellTableChange = ({ kind, table }) => told.push(`${kind} ${table.name}`)
  const filter = catalogFilter({ 'table-filter': '(?!.*hidden).*' })
  const placement = { type: 'hive', warehouse: 's3://files', allowsExternal: false } as const
  const catalogs = {
    lake: tellingCatalog(wrap(internalCatalog(own)), tell),
    files: tellingCatalog(filesystemCatalog({ ...common, name: 'files', warehouse: 's3://files' }), tell),
  }
  const server = await buildHttpServer(
    buildOptions({
      findCatalog: findAmong({
        lake: buildOpened(catalogs.lake, { io: common.io, filter }),
        files: buildOpened(catalogs.files, { io: common.io, filter, placement }),
      }),
      stores,
      clock,
    }),
  )
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1/catalogs${path}`, ...(payload && { payload }) })
    const body = answer.json()
    return { status: answer.statusCode, result: body.result, message: body.message, kind: body.kind }
  }
  return { call, told, catalogs, clock }
}

const ORDERS = {
  name: 'orders',
  columns: [
    { name: 'id', type: 'long', required: true },
    { name: 'lines', type: { type: 'list', element: { type: 'struct', fields: [{ name: 'sku', type: 'string' }] } } },
    { name: 'ts', type: 'timestamp' },
  ],
  identifierFields: ['id'],
  partitionFields: ['day(ts)'],
  sortOrder: ['id desc'],
  properties: { owner: 'me', 'a.password': 'hidden' },
  comment: 'sold',
}
const TABLES = '/lake/databases/sales/tables'

async function withOrders(wrap?: (catalog: Catalog) => Catalog) {
  const world = await setUp(wrap)
  assert.equal((await world.call('POST', '/lake/databases', { name: 'sales' })).status, 200)
  assert.equal((await world.call('POST', TABLES, ORDERS)).status, 200)
  return world
}

test('a table is created, and shown as it could be created again', async () => {
  const { call, told } = await withOrders()
  const { result } = await call('GET', `${TABLES}/orders`)
  assert.deepEqual(result.tableIdentifier, { catalog: 'lake', database: 'sales', tableName: 'orders' })
  assert.deepEqual(result.columns, [
    { id: 1, name: 'id', type: 'long', required: true, comment: null },
    {
      id: 2,
      name: 'lines',
      type: {
        type: 'list',
        'element-id': 4,
        element: { type: 'struct', fields: [{ id: 5, name: 'sku', required: false, type: 'string' }] },
        'element-required': false,
      },
      required: false,
      comment: null,
    },
    { id: 3, name: 'ts', type: 'timestamp', required: false, comment: null },
  ])
  assert.deepEqual(result.identifierFields, ['id'])
  assert.deepEqual(result.partitionFields, [{ name: 'ts_day', source: 'ts', transform: 'day', fieldId: 1000 }])
  assert.deepEqual(result.sortOrder, [
    { source: 'id', transform: 'identity', direction: 'desc', nullOrder: 'nulls-last' },
  ])
  assert.deepEqual(result.properties, { comment: 'sold', owner: 'me', 'write.parquet.compression-codec': 'zstd' })
  const { name: _, ...again } = ORDERS
  const { columns, identifierFields, partitionFields, sortOrder } = result
  const fields = partitionFields.map(({ source, transform, name }: Record<string, string>) => ({
    source,
    transform,
    name,
  }))
  const copy = columns.map(({ name, type, required }: Record<string, unknown>) => ({ name, type, required }))
  const body = { ...again, name: 'copy', columns: copy, identifierFields, partitionFields: fields, sortOrder }
  const copied = (await call('POST', TABLES, body)).result
  assert.deepEqual(copied.columns, columns)
  assert.deepEqual(told, ['written orders', 'written copy'])
})

test('a creation that cannot be is refused, and the reason says where', async () => {
  const { call, told } = await withOrders()
  const refused = async (path: string, change: object, status: number, message: RegExp) => {
    const answer = await call('POST', path, { ...ORDERS, ...change })
    assert.equal(answer.status, status)
    assert.match(answer.message, message)
  }
  await refused(TABLES, {}, 409, /orders/)
  await refused('/lake/databases/none/tables', {}, 404, /no database 'none' in catalog 'lake'/)
  await refused('/none/databases/sales/tables', {}, 404, /no catalog none/)
  await refused(TABLES, { columns: [] }, 400, /^request body: columns must have at least 1 entry$/)
  await refused(
    TABLES,
    { name: 'b', columns: [{ name: 'a', type: 'text' }] },
    400,
    /columns\[0\]\.type 'text' is no type/,
  )
  await refused(
    TABLES,
    { name: 'b', partitionField: ['id'] },
    400,
    /partitionField is not known; there are name, columns/,
  )
  await refused(
    TABLES,
    { name: 'b', columns: [{ name: 'a', type: 'int', doc: 'x' }] },
    400,
    /columns\[0\]\.doc is not known/,
  )
  await refused(
    TABLES,
    { name: 'b', sortOrder: [{ source: 'id', order: 'desc' }] },
    400,
    /sortOrder\[0\]\.order is not known/,
  )
  await refused(
    TABLES,
    { name: 'b', columns: [...ORDERS.columns, { name: 'a', type: 'variant' }] },
    400,
    /variant of a needs version 3/,
  )
  await refused(TABLES, { name: 'hidden' }, 400, /table-filter of catalog 'lake' hides hidden/)
  await refused(TABLES, { name: 'a\u0000b' }, 400, /control characters/)
  assert.deepEqual(told, ['written orders'])
})

test('a table that the filter leaves out is not found, and the filter is named', async () => {
  const { call } = await withOrders()
  const { status, message } = await call('GET', `${TABLES}/hidden`)
  assert.equal(status, 404)
  assert.match(
    message,
    /^the table-filter of catalog 'lake' leaves out table 'sales\.hidden': whoever manages the catalog/,
  )
})

test('a table is changed by one commit, and a change that is none makes none', async () => {
  const { call, told } = await withOrders()
  const before = (await call('GET', `${TABLES}/orders`)).result
  const change = { addColumns: [{ name: 'note', type: 'string', first: true }], setProperties: { owner: 'you' } }
  const { result } = await call('POST', `${TABLES}/orders`, change)
  assert.deepEqual(
    result.columns.map(({ name }: { name: string }) => name),
    ['note', 'id', 'lines', 'ts'],
  )
  assert.equal(result.properties.owner, 'you')
  assert.notEqual(result.metadataLocation, before.metadataLocation)
  const none = await call('POST', `${TABLES}/orders`, { setProperties: { owner: null } })
  assert.deepEqual([none.status, /setProperties\.owner is null/.test(none.message)], [400, true], none.message)
  const same = (await call('POST', `${TABLES}/orders`, { setProperties: { owner: 'you' } })).result
  assert.equal(same.metadataLocation, result.metadataLocation)
  assert.deepEqual(told, ['written orders', 'written orders'])
  const wrong = await call('POST', `${TABLES}/orders`, { setProperty: { a: '1' } })
  assert.deepEqual([wrong.status, wrong.message.startsWith('request body: setProperty is not known')], [400, true])
  assert.equal((await call('POST', `${TABLES}/none`, {})).status, 404)
})

test('a change loses to another that came first, unless the two have nothing to do with each other', async () => {
  let before = async (_catalog: Catalog): Promise<unknown> => undefined
  const { call } = await withOrders((catalog) => ({
    ...catalog,
    async commitTable(identifier, commit, signal) {
      const first = before
      before = async () => undefined
      await first(catalog)
      return catalog.commitTable(identifier, commit, signal)
    },
  }))
  const orders = { namespace: ['sales'], name: 'orders' }
  const setProperty = (catalog: Catalog) =>
    catalog.commitTable(orders, { requirements: [], updates: [{ action: 'set-properties', updates: { other: '1' } }] })
  before = setProperty
  const add = { addColumns: [{ name: 'x', type: 'int' }] }
  assert.equal((await call('POST', `${TABLES}/orders`, add)).result.properties.other, '1')
  before = async (catalog) => {
    const { metadata } = await catalog.loadTable(orders)
    const [schema] = metadata.schemas
    assert.ok(schema)
    const fields = [...schema.fields, { id: 99, name: 'z', required: false, type: { kind: 'int' } as const }]
    const updates = [
      { action: 'add-schema', schema: { ...schema, fields } },
      { action: 'set-current-schema', schemaId: -1 },
    ] as const
    return catalog.commitTable(orders, { requirements: [], updates })
  }
  const lost = await call('POST', `${TABLES}/orders`, { addColumns: [{ name: 'y', type: 'int' }] })
  assert.deepEqual([lost.status, /changed meanwhile: .*make the change again/.test(lost.message)], [409, true])
})

test('a commit of which the catalog does not tell is looked for', async () => {
  let isMade = true
  const { call } = await withOrders((catalog) => ({
    ...catalog,
    async commitTable(identifier, commit, signal) {
      if (isMade) await catalog.commitTable(identifier, commit, signal)
      return { kind: 'unknown', cause: new Error('the connection was lost') }
    },
  }))
  const change = (name: string) => ({ addColumns: [{ name, type: 'int' }] })
  const { result } = await call('POST', `${TABLES}/orders`, change('x'))
  assert.equal(result.columns.at(-1).name, 'x')
  isMade = false
  const lost = await call('POST', `${TABLES}/orders`, change('y'))
  assert.deepEqual([lost.status, lost.kind], [500, 'outcome-unknown'])
  assert.match(lost.message, /did not say whether table sales.orders was changed; look at it before/)
})

test('who changed what cannot be read afterwards is told to look, not to ask again', async () => {
  let fails = false
  const unreadable = async (catalog: Catalog) => {
    fails = false
    throw new MoraineError('unavailable', `catalog ${catalog.name} does not answer`)
  }
  const { call } = await withOrders((catalog) => ({
    ...catalog,
    async commitTable() {
      fails = true
      return { kind: 'unknown', cause: new Error('the connection was lost') }
    },
    async createNamespace(...asked) {
      await catalog.createNamespace(...asked)
      fails = asked[0][0] === 'mute'
    },
    async updateNamespace(...asked) {
      fails = true
      return catalog.updateNamespace(...asked)
    },
    async renameTable(...asked) {
      await catalog.renameTable(...asked)
      fails = true
    },
    loadTable: async (...asked) => (fails ? unreadable(catalog) : catalog.loadTable(...asked)),
    loadNamespace: async (...asked) => (fails ? unreadable(catalog) : catalog.loadNamespace(...asked)),
  }))
  for (const [path, body, text] of [
    [`${TABLES}/orders`, { addColumns: [{ name: 'y', type: 'int' }] }, /did not say whether/],
    ['/lake/databases', { name: 'mute' }, /database mute was created, and cannot be read now; look at it/],
    ['/lake/databases/sales/properties', { setProperties: { a: 'b' } }, /database sales was changed, and/],
    [`${TABLES}/orders/rename`, { name: 'later' }, /table sales.orders was renamed to later, and/],
  ] as const) {
    const { status, kind, message } = await call('POST', path, body)
    assert.deepEqual([status, kind], [500, 'outcome-unknown'], message)
    assert.match(message, text)
  }
})

test('a dropped table can be had back; files of other catalogs are not promised to go', async () => {
  const { call, told } = await withOrders()
  const { result } = await call('DELETE', `${TABLES}/orders?purge=true`)
  assert.deepEqual([result.purgeAt, result.purgesFiles], [T0 + 1000, true])
  assert.equal((await call('GET', `${TABLES}/orders`)).status, 404)
  assert.equal((await call('POST', `/lake/dropped-tables/${result.dropId}/restore`, {})).status, 200)
  assert.equal((await call('GET', `${TABLES}/orders`)).status, 200)
  assert.deepEqual(told.splice(0), ['written orders', 'gone orders', 'written orders'])

  await call('POST', '/files/databases', { name: 'sales' })
  assert.equal((await call('POST', '/files/databases/sales/tables', ORDERS)).status, 200)
  const refused = await call('DELETE', '/files/databases/sales/tables/orders?purge=true')
  assert.deepEqual([refused.status, /drop it without asking for a purge/.test(refused.message)], [501, true])
  const dropped = (await call('DELETE', '/files/databases/sales/tables/orders')).result
  assert.deepEqual(dropped, { dropId: null, purgeAt: null, purgesFiles: false })
  assert.equal((await call('DELETE', '/files/databases/sales/tables/orders')).status, 404)
  assert.deepEqual(told, ['written orders', 'gone orders'])
})

test('a table is renamed', async () => {
  const { call, told } = await withOrders()
  const { result } = await call('POST', `${TABLES}/orders/rename`, { name: 'sold' })
  assert.deepEqual(result.tableIdentifier, { catalog: 'lake', database: 'sales', tableName: 'sold' })
  assert.equal((await call('GET', `${TABLES}/sold`)).status, 200)
  assert.equal((await call('POST', `${TABLES}/orders/rename`, { name: 'x' })).status, 404)
  assert.equal((await call('POST', `${TABLES}/sold/rename`, { name: 'x', database: 'y' })).status, 400)
  assert.deepEqual(told, ['written orders', 'gone orders'])
})

test('databases are created, changed and dropped', async () => {
  const { call } = await withOrders()
  const made = await call('POST', '/lake/databases', { name: 'a.b', properties: { owner: 'me', secret: 's' } })
  assert.deepEqual([made.status, made.result.database, made.result.levels], [200, 'a.b', ['a.b']])
  assert.equal(JSON.stringify(made.result).includes('secret'), false)
  assert.equal((await call('POST', '/lake/databases', { name: 'a.b' })).status, 409)
  const change = { setProperties: { x: '1' }, removeProperties: ['owner', 'none'] }
  const { properties } = (await call('POST', '/lake/databases/a.b/properties', change)).result
  assert.deepEqual([properties.x, properties.owner], ['1', undefined])
  await call('POST', '/lake/databases', { name: ['sales', 'eu'] })
  assert.deepEqual((await call('GET', '/lake/databases/sales.eu')).result.levels, ['sales', 'eu'])
  const both = await call('POST', '/lake/databases/a.b/properties', {
    setProperties: { x: '1' },
    removeProperties: ['x'],
  })
  assert.deepEqual([both.status, both.message], [400, 'request body: removeProperties has x, which is set as well'])
  assert.equal((await call('DELETE', '/lake/databases/sales')).status, 409)
  assert.equal((await call('DELETE', '/lake/databases/a.b')).status, 200)
  assert.equal((await call('GET', '/lake/databases/a.b')).status, 404)
  assert.equal((await call('GET', '/files/databases/none')).status, 404)
})

test('tables and databases of catalogs that others keep are put in their warehouse', async () => {
  const { call, catalogs } = await setUp()
  await call('POST', '/files/databases', { name: 'sales' })
  const refused = await call('POST', '/files/databases/sales/tables', { ...ORDERS, location: 's3://hr/salaries' })
  assert.deepEqual(
    [refused.status, /location: "s3:\/\/hr\/salaries" is no place for it/.test(refused.message)],
    [400, true],
  )
  await call('POST', '/files/databases/sales/tables', ORDERS)
  const setProperties = { 'write.data.path': 's3://hr/salaries/data' }
  assert.equal((await call('POST', '/files/databases/sales/tables/orders', { setProperties })).status, 400)
  const table = await catalogs['files']?.loadTable({ namespace: ['sales'], name: 'orders' })
  assert.equal(table?.metadata.properties['write.data.path'], undefined)
  const elsewhere = { name: 'x', properties: { location: 's3://hr' } }
  assert.match((await call('POST', '/files/databases', elsewhere)).message, /location: "s3:\/\/hr" is no place for it/)
})
