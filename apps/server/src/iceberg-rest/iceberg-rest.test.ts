import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { catalogOptionalTests } from '@moraine/testkit/conformance/catalog-optional'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import Fastify, { type FastifyInstance } from 'fastify'
import { openAuthenticator } from '../access/authenticator.ts'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { icebergRest } from './iceberg-rest.ts'
import type { IcebergRestHooks } from './iceberg-rest-hooks.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

const BASE = '/api/iceberg/rest'

function lake(
  pointers: TablePointers = memoryCatalogs().pointers,
  io = memoryFileIO(),
  drops?: ReturnType<typeof memoryCatalogs>['drops'],
): Catalog {
  return internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers,
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
    ...(drops && { drops: { pointers: drops, retentionMs: 3_600_000 } }),
  })
}

async function serve(catalog: Catalog, hooks: IcebergRestHooks = {}): Promise<FastifyInstance> {
  return serveIcebergRest({ prefix: BASE, findCatalog: findAmong({ 'la ke': buildOpened(catalog) }), ...hooks })
}

/** Real sockets: what the client sends is parsed by the server's HTTP parser and back. */
async function openForConformance({ keepsDropped = false, properties = {} } = {}): Promise<CatalogUnderTest> {
  const io = memoryFileIO()
  const { pointers, drops } = memoryCatalogs()
  const server = await serve(lake(pointers, io, keepsDropped ? drops : undefined))
  await server.listen({ host: '127.0.0.1', port: 0 })
  const uri = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}${BASE}`
  let lose: 'answer' | 'request' | undefined
  const lossy: typeof fetch = async (input, init) => {
    const losing = lose
    lose = undefined
    if (losing === 'request') throw new TypeError('fetch failed')
    const response = await fetch(input, init)
    if (losing === undefined) return response
    await response.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const open = (send: typeof fetch) =>
    openRestCatalog({
      name: 'rest',
      properties: { uri, warehouse: 'la ke', ...properties },
      clock: systemClock,
      fetch: send,
    })
  return {
    catalog: await open(lossy),
    other: await open(fetch),
    io,
    scratch: 's3://b/wh/scratch',
    loseNextAnswer: () => {
      lose = 'answer'
    },
    loseNextRequest: () => {
      lose = 'request'
    },
    close: () => server.close(),
  }
}

catalogConformance(
  'REST client, REST server, internal catalog',
  {
    nestedNamespaces: true,
    namespaceProperties: true,
    impliedNamespaces: false,
    renames: true,
    views: true,
    transactions: true,
    rebases: true,
    refusedNames: [],
    fillsPages: false,
  },
  () => openForConformance(),
)
// Whoever asks a server to purge asks one that keeps what is dropped until then.
catalogOptionalTests('REST client of a catalog that keeps what is dropped', ['loadStorage', 'purgeTable'], () =>
  openForConformance({ keepsDropped: true }),
)

catalogOptionalTests(
  'REST client of a server that registers over what is there',
  ['overwriteTable', 'loadStorage', 'purgeTable'],
  () => openForConformance({ keepsDropped: true, properties: { 'register-overwrite-supported': 'true' } }),
)

type Call = { method?: 'GET' | 'POST' | 'DELETE' | 'HEAD'; body?: string; headers?: Record<string, string> }

/** What a server answers below the catalog's prefix. */
async function ask(server: FastifyInstance, path: string, { method = 'GET', body, headers = {} }: Call = {}) {
  const response = await server.inject({
    method,
    url: `${BASE}/v1/${path}`,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { payload: body }),
  })
  return { status: response.statusCode, text: response.body, headers: response.headers }
}

const error = (type: string, code: number, message: string) => JSON.stringify({ error: { message, type, code } })
const CATALOG = 'catalogs/la%20ke'
const NAMESPACE = '{"namespace":["sales"],"properties":{"owner":"me"}}'
const LOADED_NAMESPACE = '{"namespace":["sales"],"properties":{"location":"s3://b/wh/sales","owner":"me"}}'
const TABLE = JSON.stringify({
  name: 'orders',
  schema: { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] },
})

async function serveOrders(hooks: IcebergRestHooks = {}) {
  const server = await serve(lake(), hooks)
  await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body: NAMESPACE })
  const created = await ask(server, `${CATALOG}/namespaces/sales/tables`, { method: 'POST', body: TABLE })
  assert.equal(created.status, 200)
  return server
}

const ORDERS = `${CATALOG}/namespaces/sales/tables/orders`

test('the configuration names the prefix and the endpoints there are', async () => {
  const server = await serve(lake())
  const { status, text } = await ask(server, 'config?warehouse=la%20ke')
  assert.equal(status, 200)
  const config = JSON.parse(text) as { overrides: unknown; endpoints: readonly string[] }
  assert.deepEqual(config.overrides, { prefix: CATALOG })
  assert.ok(config.endpoints.includes('POST /v1/{prefix}/namespaces/{namespace}/tables/{table}'))
  assert.ok(config.endpoints.includes('HEAD /v1/{prefix}/namespaces/{namespace}'))
  assert.ok(config.endpoints.includes('POST /v1/{prefix}/views/rename'))

  assert.deepEqual(pick(await ask(server, 'config')), [
    400,
    error('BadRequestException', 400, 'name the catalog in the parameter warehouse'),
  ])
  assert.deepEqual(pick(await ask(server, 'config?warehouse=pond')), [
    404,
    error('NoSuchWarehouseException', 404, 'Warehouse does not exist: pond'),
  ])
})

test('namespaces are answered as the specification says', async () => {
  const server = await serve(lake())
  const all = `${CATALOG}/namespaces`
  assert.deepEqual(pick(await ask(server, all)), [200, '{"namespaces":[],"next-page-token":null}'])
  assert.deepEqual(pick(await ask(server, all, { method: 'POST', body: NAMESPACE })), [200, LOADED_NAMESPACE])
  assert.deepEqual(pick(await ask(server, all, { method: 'POST', body: NAMESPACE })), [
    409,
    error('AlreadyExistsException', 409, 'Namespace already exists: sales'),
  ])
  assert.deepEqual(pick(await ask(server, `${all}?pageToken=&pageSize=10`)), [
    200,
    '{"namespaces":[["sales"]],"next-page-token":null}',
  ])
  assert.deepEqual(pick(await ask(server, `${all}/sales`)), [200, LOADED_NAMESPACE])
  assert.deepEqual(pick(await ask(server, `${all}/sales`, { method: 'HEAD' })), [204, ''])
  assert.equal((await ask(server, `${all}/none`, { method: 'HEAD' })).status, 404)
  assert.deepEqual(pick(await ask(server, `${all}/none`)), [
    404,
    error('NoSuchNamespaceException', 404, 'Namespace does not exist: none'),
  ])
  const change = (body: string) => ask(server, `${all}/sales/properties`, { method: 'POST', body })
  assert.deepEqual(pick(await change('{"removals":["x","owner"],"updates":{"a":"b"}}')), [
    200,
    '{"updated":["a"],"removed":["owner"],"missing":["x"]}',
  ])
  assert.equal((await change('{"removals":["a"],"updates":{"a":"b"}}')).status, 422)
  await ask(server, `${all}/sales/tables`, { method: 'POST', body: TABLE })
  assert.match((await ask(server, `${all}/sales`, { method: 'DELETE' })).text, /NamespaceNotEmptyException.*"code":409/)
  await ask(server, ORDERS, { method: 'DELETE' })
  assert.deepEqual(pick(await ask(server, `${all}/sales`, { method: 'DELETE' })), [204, ''])
})

test('a table is loaded, confirmed by its entity tag, and dropped', async () => {
  const server = await serveOrders()
  assert.deepEqual(pick(await ask(server, `${CATALOG}/namespaces/sales/tables`)), [
    200,
    '{"identifiers":[{"namespace":["sales"],"name":"orders"}],"next-page-token":null}',
  ])
  const loaded = await ask(server, ORDERS)
  assert.equal(loaded.status, 200)
  assert.match(String(loaded.headers['content-type']), /^application\/json/)
  assert.match(loaded.text, /^\{"metadata-location":"s3:\/\/b\/wh\/sales\/orders\/metadata\/00000-/)
  const etag = String(loaded.headers.etag)
  const again = await ask(server, ORDERS, { headers: { 'if-none-match': `"other", ${etag}` } })
  assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag])

  const commit = '{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"b"}}]}'
  const committed = await ask(server, ORDERS, { method: 'POST', body: commit })
  assert.equal(committed.status, 200)
  const after = await ask(server, ORDERS, { headers: { 'if-none-match': etag } })
  assert.deepEqual([after.status, after.text], [200, committed.text])

  assert.deepEqual(pick(await ask(server, ORDERS, { method: 'HEAD' })), [204, ''])
  assert.deepEqual(pick(await ask(server, ORDERS, { method: 'DELETE' })), [204, ''])
  assert.equal((await ask(server, ORDERS, { method: 'HEAD' })).status, 404)
  assert.deepEqual(pick(await ask(server, ORDERS)), [
    404,
    error('NoSuchTableException', 404, 'Table does not exist: sales.orders'),
  ])
  assert.match(
    (await ask(server, `${CATALOG}/namespaces/none/tables`, { method: 'POST', body: TABLE })).text,
    /NoSuchNamespaceException/,
  )
})

test('snapshots=refs leaves out those that no branch or tag points to', async () => {
  const server = await serveOrders()
  const commit = (updates: readonly unknown[]) =>
    ask(server, ORDERS, { method: 'POST', body: JSON.stringify({ requirements: [], updates }) })
  for (const id of [1, 2]) {
    const snapshot = {
      'snapshot-id': id,
      'sequence-number': id,
      'timestamp-ms': 4e12,
      'manifest-list': 's3://b/wh/sales/orders/metadata/l.avro',
      summary: { operation: 'append' },
      'schema-id': 0,
    }
    const added = await commit([
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
    ])
    assert.equal(added.status, 200, added.text)
  }
  const ids = async (query: string) => {
    const { metadata } = JSON.parse((await ask(server, ORDERS + query)).text) as {
      metadata: { snapshots: readonly { 'snapshot-id': number }[] }
    }
    return metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])
  }
  assert.deepEqual([await ids(''), await ids('?snapshots=refs')], [[1, 2], [2]])
})

test('requirements that fail are 409, what is not understood is 400', async () => {
  const server = await serveOrders()
  const commit = (body: string) => ask(server, ORDERS, { method: 'POST', body })
  assert.match(
    (await commit('{"requirements":[{"type":"assert-current-schema-id","current-schema-id":9}],"updates":[]}')).text,
    /Requirement failed: current schema changed.*"type":"CommitFailedException","code":409/,
  )
  for (const [body, message] of [
    ['{"requirements":[{"type":"assert-moon"}],"updates":[]}', /requirements\[0\]/],
    ['{"requirements":[],"updates":[{"action":"fly"}]}', /updates\[0\]/],
    ['{"requirements":[]}', /updates is missing/],
    ['{"requirements":[],', /not valid JSON/],
  ] as const) {
    const { status, text } = await commit(body)
    assert.equal(status, 400, text)
    assert.match(text, message)
    assert.match(text, /"type":"BadRequestException","code":400/)
  }
  assert.equal((await commit('')).status, 400)
  const unknownSchema = '{"requirements":[],"updates":[{"action":"set-current-schema","schema-id":5}]}'
  assert.match((await commit(unknownSchema)).text, /unknown schema 5","type":"IllegalArgumentException","code":400/)
  const form = await ask(server, ORDERS, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a' })
  assert.match(form.text, /"code":415/)
})

test('a staged creation answers without a location of metadata', async () => {
  const server = await serve(lake())
  await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body: NAMESPACE })
  const body = `${TABLE.slice(0, -1)},"stage-create":true}`
  const { status, text } = await ask(server, `${CATALOG}/namespaces/sales/tables`, { method: 'POST', body })
  assert.equal(status, 200)
  assert.match(text, /^\{"metadata":\{"format-version":2/)
  assert.equal((await ask(server, ORDERS, { method: 'HEAD' })).status, 404)
})

test('a rename moves, and needs a table and a free name', async () => {
  const server = await serveOrders()
  const rename = (from: string, to: string) =>
    ask(server, `${CATALOG}/tables/rename`, {
      method: 'POST',
      body: JSON.stringify({
        source: { namespace: ['sales'], name: from },
        destination: { namespace: ['sales'], name: to },
      }),
    })
  assert.match((await rename('none', 'x')).text, /NoSuchTableException.*404/)
  assert.match((await rename('orders', 'orders')).text, /AlreadyExistsException.*409/)
  assert.deepEqual(pick(await rename('orders', 'moved')), [204, ''])
  assert.equal((await ask(server, `${CATALOG}/namespaces/sales/tables/moved`, { method: 'HEAD' })).status, 204)
})

test('hooks hear of what was done, and a hook that fails changes no answer', async () => {
  const heard: unknown[] = []
  const server = await serveOrders({
    onMetricsReport({ principal, metrics }) {
      heard.push(['metrics', principal, metrics.kind, metrics.snapshotId])
      throw new Error('hook')
    },
  })
  const post = (path: string, body: string) => ask(server, path, { method: 'POST', body })
  const report = '{"report-type":"scan-report","snapshot-id":9007199254740993,"metrics":{}}'
  assert.equal((await post(`${ORDERS}/metrics`, report)).status, 204)
  for (const wrong of [report.replace('scan', 'x'), report.replace(':{}', ':1'), '{}', report.replace('93', '93.5')]) {
    assert.equal((await post(`${ORDERS}/metrics`, wrong)).status, 400, wrong)
  }
  const long = report.replace('{}', `{"filter":"${'x'.repeat(300_000)}"}`)
  assert.equal((await post(`${ORDERS}/metrics`, long)).status, 400)
  assert.deepEqual(heard, [['metrics', 'anybody', 'scan', 9007199254740993n]])
})

test('a purge is passed on, and refused where nobody would see to it', async () => {
  const purge = (server: FastifyInstance) => ask(server, `${ORDERS}?purgeRequested=true`, { method: 'DELETE' })
  const keeping = await serveOrders()
  const refused = await purge(keeping)
  assert.equal(refused.status, 406)
  assert.match(
    refused.text,
    /table sales\.orders was not dropped: catalog lake .* drop it without asking for a purge.*UnsupportedOperationExc/,
  )
  assert.equal((await ask(keeping, ORDERS, { method: 'HEAD' })).status, 204)

  const purged: unknown[] = []
  const purgeTable = async ({ name }: TableIdentifier) => void purged.push(name)
  assert.deepEqual(pick(await purge(await serve({ ...lake(), purgeTable }))), [204, ''])
  assert.deepEqual(purged, ['orders'])
})

test('a commit of unknown fate is 500 CommitStateUnknownException', async () => {
  const catalog = lake()
  const server = await serve({
    ...catalog,
    commitTable: async () => ({ kind: 'unknown', cause: new Error('connection lost') }),
  })
  const { status, text } = await ask(server, ORDERS, { method: 'POST', body: '{"requirements":[],"updates":[]}' })
  assert.equal(status, 500)
  assert.match(text, /"type":"CommitStateUnknownException","code":500/)
})

test('a commit that was merely overtaken is made again', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  let overtakes = 3
  const catalog = lake(
    {
      ...store,
      async swapPointer(table, next) {
        if (overtakes > 0) {
          overtakes -= 1
          const updates = { [`other-${overtakes}`]: 'x' }
          await lake(store, io).commitTable(
            { namespace: ['sales'], name: 'orders' },
            { requirements: [], updates: [{ action: 'set-properties', updates }] },
          )
        }
        return store.swapPointer(table, next)
      },
    },
    io,
  )
  const server = await serve(catalog)
  await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body: NAMESPACE })
  await ask(server, `${CATALOG}/namespaces/sales/tables`, { method: 'POST', body: TABLE })
  const body = '{"requirements":[],"updates":[{"action":"set-properties","updates":{"mine":"y"}}]}'
  const { status, text } = await ask(server, ORDERS, { method: 'POST', body })
  assert.equal(status, 200)
  for (const key of ['mine', 'other-0', 'other-1', 'other-2']) assert.match(text, new RegExp(`"${key}":`))
})

test('a table whose metadata file is gone is there, and cannot be loaded', async () => {
  const io = memoryFileIO()
  const { pointers } = memoryCatalogs()
  const server = await serve(lake(pointers, io))
  await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body: NAMESPACE })
  await ask(server, `${CATALOG}/namespaces/sales/tables`, { method: 'POST', body: TABLE })
  await io.remove(io.locations().filter((location) => location.endsWith('.metadata.json')))
  const { status, text } = await ask(await serve(lake(pointers, io)), ORDERS)
  assert.equal(status, 404)
  assert.match(text, /Failed to open input stream for file: s3:.*"type":"NotFoundException"/)
})

test('a catalog without views does not list their endpoints, and refuses them', async () => {
  const { views: _, ...withoutViews } = lake()
  const server = await serve(withoutViews)
  const config = JSON.parse((await ask(server, 'config?warehouse=la%20ke')).text) as { endpoints: readonly string[] }
  assert.ok(!config.endpoints.some((endpoint) => endpoint.includes('view')))
  const refused = await ask(server, `${CATALOG}/namespaces/sales/views`)
  assert.equal(refused.status, 406)
  assert.match(refused.text, /catalog lake has no views"/)
  for (const method of ['HEAD', 'GET'] as const) {
    assert.equal((await ask(server, `${CATALOG}/namespaces/sales/views/v`, { method })).status, 404, method)
  }
  const jdbc = { placement: { type: 'jdbc', warehouse: 's3://b', allowsExternal: false } } as const
  const findCatalog = findAmong({ 'la ke': buildOpened(withoutViews, jdbc) })
  const told = await ask(await serveIcebergRest({ prefix: BASE, findCatalog }), `${CATALOG}/namespaces/sales/views`)
  assert.match(told.text, /catalog lake has no views; with jdbc\.schema-version=V1 it has them/)
})

test('a namespace that is a folder is created for Spark, which gives it an owner, and with no other property', async () => {
  const refusing: Catalog = {
    ...lake(),
    createNamespace: async (_, properties = {}) => assert.deepEqual(properties, {}),
    loadNamespace: async () => ({ location: 's3://b/n' }),
  }
  const create = async (type: 'filesystem' | 'hadoop' | 'ams', properties: object) => {
    const placement = { type, warehouse: 's3://b', allowsExternal: false }
    const findCatalog = findAmong({ 'la ke': buildOpened(refusing, { placement }) })
    const server = await serveIcebergRest({ prefix: BASE, findCatalog })
    const body = JSON.stringify({ namespace: ['n'], properties })
    const { status, text } = await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body })
    return status === 200 ? JSON.parse(text).properties : status
  }
  for (const type of ['filesystem', 'hadoop'] as const) {
    assert.deepEqual(await create(type, { owner: 'root' }), { location: 's3://b/n' })
    for (const more of [{ owner: 'root', comment: 'c' }, { comment: 'c' }, { Owner: 'root' }]) {
      assert.equal(await create(type, more), 500, JSON.stringify(more))
    }
  }
  assert.equal(await create('ams', { owner: 'root' }), 500)
})

test('bugs are 500 and tell nothing; unknown paths are 404 in the same form', async () => {
  const server = await serve({ ...lake(), loadTable: () => Promise.reject(new TypeError('secret of the house')) })
  const failed = await ask(server, ORDERS)
  assert.equal(failed.status, 500)
  assert.ok(!failed.text.includes('secret'))
  assert.match(failed.text, /"type":"InternalServerError","code":500/)
  const lost = await ask(server, `${CATALOG}/namespaces/sales/visions`)
  assert.match(lost.text, /"type":"NotFoundException","code":404/)
})

test('a server whose paths are cut short is refused at once', async () => {
  const server = Fastify()
  server.register(icebergRest, { prefix: BASE, findCatalog: findAmong({}), authenticator: openAuthenticator() })
  await assert.rejects(async () => server.ready(), /maxParamLength/)
})

test('deep namespaces fit the path', async () => {
  const server = await serve(lake())
  const levels = Array.from({ length: 8 }, (_, at) => `level-${at}-${'x'.repeat(100)}`)
  for (let depth = 1; depth <= levels.length; depth += 1) {
    const body = JSON.stringify({ namespace: levels.slice(0, depth) })
    assert.equal((await ask(server, `${CATALOG}/namespaces`, { method: 'POST', body })).status, 200)
  }
  const { text } = await ask(server, `${CATALOG}/namespaces/${levels.join('%1F')}`)
  assert.deepEqual((JSON.parse(text) as { namespace: unknown }).namespace, levels)
})

function pick({ status, text }: { readonly status: number; readonly text: string }): readonly [number, string] {
  return [status, text]
}

test('of a warehouse that is named several times the last counts, as of other parameters', async () => {
  const server = await serve(lake(memoryCatalogs().pointers, memoryFileIO()))
  const config = (query: string) => server.inject(`${BASE}/v1/config?${query}`)
  assert.equal((await config('warehouse=none&warehouse=la+ke')).statusCode, 200)
  assert.equal((await config('warehouse=la+ke&warehouse=none')).statusCode, 404)
})
