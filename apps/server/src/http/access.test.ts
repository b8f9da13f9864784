import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { type AccessSettings, composeAccess } from '../access/compose-access.ts'
import type { CatalogDescription } from '../catalogs/catalog-registry.ts'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { buildRegistry } from '../catalogs/testing/build-registry.ts'
import { SILENT_LOG } from '../service/log.ts'
import { buildHttpServer, type HttpServerOptions } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

const AMS = '/api/ams/v1'

async function serve(
  settings: Partial<AccessSettings> = {},
  host = '0.0.0.0',
  stores = memoryStores(),
  parts: Partial<HttpServerOptions> = {},
) {
  const clock = virtualClock()
  const access = await composeAccess(
    { mode: 'auto', administrator: undefined, ...settings },
    {
      host,
      secretKey: new Uint8Array(32),
      principals: stores.principals,
      clock,
      random: systemRandom,
      log: SILENT_LOG,
    },
  )
  const server = await buildHttpServer(buildOptions({ stores, clock, authenticator: access.authenticator, ...parts }))
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    credential?: string,
    payload?: object,
  ): Promise<{ status: number; result: unknown; text: string; headers: Readonly<Record<string, unknown>> }> => {
    const authorization =
      credential === undefined
        ? undefined
        : credential.startsWith('mor_')
          ? `Bearer ${credential}`
          : `Basic ${Buffer.from(credential).toString('base64')}`
    const answer = await server.inject({
      method,
      url: url.startsWith('/api') || url === '/metrics' || url === '/health' ? url : `${AMS}${url}`,
      headers: { ...(authorization !== undefined && { authorization }) },
      ...(payload !== undefined && { payload }),
    })
    const { result } = answer.headers['content-type']?.toString().includes('json') ? answer.json() : { result: null }
    return { status: answer.statusCode, result, text: answer.body, headers: answer.headers }
  }
  const token = async (id: string, secret: string, remoteAddress = '127.0.0.1', forwardedFor?: string) => {
    const answer = await server.inject({
      method: 'POST',
      url: '/iceberg/v1/oauth/tokens',
      remoteAddress,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
      },
      payload: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
      }).toString(),
    })
    return { status: answer.statusCode, headers: answer.headers, json: () => answer.json() }
  }
  return { ask, token, stores, firstCredential: await access.makeFirst() }
}

const statusOf = async (answer: Promise<{ readonly status: number }>) => (await answer).status

test('where others can reach the service, the first start makes an administrator, and only the first', async () => {
  const { ask, stores, firstCredential } = await serve()
  assert.match(String(firstCredential), /^[0-9a-f]{16}:[\w-]{43}$/)
  for (const path of ['/catalogs', '/principals', '/optimize/resourceGroups', '/no/such/route', '/metrics']) {
    assert.equal(await statusOf(ask('GET', path)), 401, path)
    assert.equal(await statusOf(ask('GET', path, 'admin:admin')), 401, path)
  }
  for (const path of ['/versionInfo', '/health/status', '/health']) {
    assert.equal(await statusOf(ask('GET', path)), 200, path)
  }
  for (const path of ['/catalogs', '/principals', '/metrics']) {
    assert.equal(await statusOf(ask('GET', path, firstCredential)), 200, path)
  }
  assert.equal(await statusOf(ask('GET', '/no/such/route', firstCredential)), 404)
  assert.equal((await serve({}, '::', stores)).firstCredential, undefined)
})

test('an administrator of the configuration needs no other', async () => {
  const { ask, firstCredential } = await serve({ administrator: { name: 'root', password: 'pass:word' } })
  assert.equal(firstCredential, undefined)
  assert.equal(await statusOf(ask('GET', '/principals', 'root:pass:word')), 200)
  assert.equal(await statusOf(ask('GET', '/principals', 'root:pass')), 401)
})

for (const [mode, host, isAsked] of [
  ['auto', '127.0.0.1', false],
  ['auto', '::1', false],
  ['auto', 'localhost', false],
  ['auto', '10.0.0.1', true],
  ['auto', '127.0.0.1.example.org', true],
  ['none', '0.0.0.0', false],
  ['required', '127.0.0.1', true],
] as const) {
  test(`with ${mode} on ${host} requests ${isAsked ? 'have to' : 'need not'} say who sends them`, async () => {
    const { ask } = await serve({ mode }, host)
    assert.equal(await statusOf(ask('GET', '/catalogs')), isAsked ? 401 : 200)
  })
}

test('of two administrators who change the same grants at once the later one is told', async () => {
  const memory = memoryStores()
  let meanwhile = async () => {}
  const principals = {
    ...memory.principals,
    async findPrincipal(name: string) {
      const found = await memory.principals.findPrincipal(name)
      await meanwhile()
      return found
    },
  }
  const { ask, firstCredential = '' } = await serve({}, '0.0.0.0', { ...memory, principals })
  const made = { name: 'bi', grants: [], createdAt: 1 as EpochMs }
  await memory.principals.addPrincipal(made)
  const put = () => statusOf(ask('PUT', '/principals/bi', firstCredential, { grants: [{ role: 'admin' }] }))
  const viewer = [{ role: 'viewer', place: {} }] as const
  meanwhile = async () => void (await memory.principals.swapGrants(made, viewer))
  assert.equal(await put(), 409)
  assert.deepEqual((await memory.principals.findPrincipal('bi'))?.grants, viewer)
  meanwhile = async () => {}
  assert.equal(await put(), 200)
})

test('principals are made known, granted roles, given credentials, and forgotten', async () => {
  const { ask, stores, firstCredential: admin } = await serve()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const grants = [{ role: 'viewer', catalog: 'lake', namespace: ['sales'] }]
  const made = await ask('POST', '/principals', admin, { name: 'bi', grants })
  assert.equal(made.status, 200, made.text)
  assert.equal(await statusOf(ask('POST', '/principals', admin, { name: 'bi', grants })), 409)
  const credential = await ask('POST', '/principals/bi/credentials', admin, { note: 'dashboards' })
  const { id, secret, token } = credential.result as Record<'id' | 'secret' | 'token', string>
  assert.equal(token, `mor_${id}_${secret}`)
  const listed = await ask('GET', '/principals', admin)
  assert.ok(!listed.text.includes(secret))
  assert.deepEqual(
    (listed.result as readonly { readonly name: string }[]).map(({ name }) => name),
    ['admin', 'bi'],
  )

  const path = '/tables/catalogs/lake/dbs/sales/tables/orders/details'
  assert.equal(await statusOf(ask('GET', path, token)), 404)
  assert.equal(await statusOf(ask('GET', path, `${id}:${secret}`)), 404)
  const elsewhere = await ask('GET', path.replace('sales', 'hr'), token)
  assert.equal(elsewhere.status, 403)
  assert.match(
    elsewhere.text,
    /bi has no role with the privilege view-table on lake\.hr\.orders: the role viewer there is/,
  )
  // It may be one level with a dot, which is no part of what was granted.
  assert.equal(await statusOf(ask('GET', path.replace('sales', 'sales.eu'), token)), 403)
  assert.equal(await statusOf(ask('POST', path.replace('details', 'optimize'), token)), 403)
  assert.equal(await statusOf(ask('GET', '/principals', token)), 403)

  const orders = { role: 'editor', catalog: 'lake', namespace: ['sales'], table: 'orders' }
  await ask('PUT', '/principals/bi', admin, { grants: [orders] })
  const definition = '/catalogs/lake/databases/sales/tables/orders'
  assert.equal(await statusOf(ask('POST', definition, token, {})), 404)
  assert.equal(await statusOf(ask('GET', definition, token)), 404)
  assert.equal(await statusOf(ask('GET', definition.replace('orders', 'customers'), token)), 403)
  // Names of a database are not the table's alone.
  assert.equal(await statusOf(ask('POST', `${definition}/rename`, token, { name: 'x' })), 403)

  await ask('PUT', '/principals/bi', admin, { grants: [{ role: 'operator' }] })
  assert.equal(await statusOf(ask('POST', path.replace('details', 'optimize'), token)), 404)
  assert.equal(await statusOf(ask('DELETE', `/principals/bi/credentials/${id}`, admin)), 200)
  assert.equal(await statusOf(ask('GET', path, token)), 401)
  assert.equal(await statusOf(ask('DELETE', `/principals/bi/credentials/${id}`, admin)), 404)
  assert.equal(await statusOf(ask('DELETE', '/principals/bi', admin)), 200)
  for (const [method, url] of [
    ['DELETE', '/principals/bi'],
    ['PUT', '/principals/bi'],
    ['POST', '/principals/bi/credentials'],
  ] as const) {
    assert.equal(await statusOf(ask(method, url, admin, method === 'PUT' ? { grants } : undefined)), 404)
  }
})

test('a credential ends at a moment that is still to come, and everybody can be listed after', async () => {
  const { ask, firstCredential: admin } = await serve()
  const make = (expiresAt: unknown) => ask('POST', '/principals/admin/credentials', admin, { expiresAt })
  for (const wrong of [1e17, -1, 1.5, 0, Number.MAX_SAFE_INTEGER, 'soon']) {
    assert.equal(await statusOf(make(wrong)), 400, String(wrong))
  }
  assert.equal(await statusOf(make(8_640_000_000_000_000)), 200)
  assert.equal(await statusOf(ask('GET', '/principals', admin)), 200)
  const grants = Array.from({ length: 1001 }, () => ({ role: 'viewer' }))
  assert.equal(await statusOf(ask('POST', '/principals', admin, { name: 'many', grants })), 400)
})

test('a principal that is none is refused', async () => {
  const { ask, firstCredential: admin } = await serve()
  const bodies: readonly object[] = [
    { name: '', grants: [] },
    { name: 'a:b', grants: [] },
    { name: 'x'.repeat(200), grants: [] },
    { name: 'a', grants: [{ role: 'god' }] },
    { name: 'a', grants: [{ role: 'viewer', table: 't' }] },
    { name: 'a', grants: [{ role: 'viewer', namespace: ['n'] }] },
    { name: 'a', grants: [{ role: 'viewer', catalog: 'c', namespace: [] }] },
    { name: 'a' },
  ]
  for (const body of bodies) {
    assert.equal(await statusOf(ask('POST', '/principals', admin, body)), 400, JSON.stringify(body))
  }
})

test('catalogs are listed for whoever has a role in them, with their settings for who has one on them', async () => {
  const { ask, stores, firstCredential = '' } = await serve()
  for (const name of ['lake', 'far', 'hidden']) {
    await stores.catalogs.saveCatalog({ name, type: 'ams', properties: { warehouse: `s3://${name}` } })
  }
  const grants = [
    { role: 'viewer', catalog: 'lake' },
    { role: 'viewer', catalog: 'far', namespace: ['a'], table: 't' },
  ]
  await ask('POST', '/principals', firstCredential, { name: 'bi', grants })
  const { token } = (await ask('POST', '/principals/bi/credentials', firstCredential)).result as { token: string }
  const listed = async (as: string) =>
    ((await ask('GET', '/catalogs', as)).result as { catalogName: string; catalogProperties: object }[]).map(
      ({ catalogName, catalogProperties }) => [catalogName, catalogProperties],
    )
  assert.deepEqual(await listed(token), [
    ['far', {}],
    ['lake', { warehouse: 's3://lake' }],
  ])
  assert.equal((await listed(firstCredential)).length, 3)
  assert.equal(await statusOf(ask('GET', '/catalogs')), 401)
  assert.equal(await statusOf(ask('POST', '/catalogs', token, {})), 403)
  assert.equal(await statusOf(ask('GET', '/catalogs/hidden', token)), 403)
})

test('a password is not guessed fast, in any of the ways to send it', async () => {
  const { ask, token } = await serve({ administrator: { name: 'root', password: 'pass:word' } })
  for (const _ of Array.from({ length: 10 })) assert.equal(await statusOf(ask('GET', '/catalogs', 'root:x')), 401)
  const refused = await ask('GET', '/catalogs', 'root:pass:word')
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '30'])
  assert.match(refused.text, /"code":429/)
  const rest = await ask('GET', '/api/iceberg/rest/v1/config?warehouse=lake', 'root:pass:word')
  assert.deepEqual([rest.status, rest.headers['retry-after']], [429, '30'])
  assert.match(rest.text, /TooManyRequestsException/)
  const exchanged = await token('root', 'pass:word')
  assert.deepEqual(
    [exchanged.status, exchanged.headers['retry-after'], exchanged.json()],
    [429, '30', { error: 'slow_down', error_description: exchanged.json().error_description }],
  )
  assert.equal((await token('root', 'pass:word', '10.9.8.7')).status, 200, 'elsewhere the right one is right')
})

test('of those behind a trusted proxy each is slowed for itself, and others cannot say where they come from', async () => {
  const settings = { administrator: { name: 'root', password: 'right' } }
  const trustedProxies = ['10.0.0.0/8', 'fd00::1']
  const { token } = await serve(settings, '0.0.0.0', memoryStores(), { trustedProxies })
  const tokenFrom = (secret: string, remote: string, forwarded: string) =>
    statusOf(token('root', secret, remote, forwarded))
  const tries = Array.from({ length: 12 }, (_, at) => at)
  const guesses = []
  for (const at of tries) guesses.push(await tokenFrom('wrong', '10.0.0.1', `198.51.100.${at}, 192.0.2.1, 10.9.9.9`))
  assert.deepEqual(
    new Set(guesses),
    new Set([401, 429]),
    'what a client put before the last address counts for nothing',
  )
  assert.equal(await tokenFrom('right', 'fd00::1', '192.0.2.1'), 429)
  assert.equal(await tokenFrom('right', '10.0.0.1', '192.0.2.2'), 200)
  for (const at of tries) await tokenFrom('wrong', '203.0.113.7', `198.51.100.${at}`)
  assert.equal(await tokenFrom('right', '203.0.113.7', '192.0.2.3'), 429, 'nobody trusts this one')
  const untrusting = await serve(settings)
  for (const _ of tries) await untrusting.token('root', 'wrong', '10.0.0.1', '192.0.2.1')
  assert.equal(await statusOf(untrusting.token('root', 'right', '10.0.0.1', '192.0.2.2')), 429)
})

test('whoever manages one catalog changes what is in it, and not how it is reached', async () => {
  const stores = memoryStores()
  const { registry } = buildRegistry(stores)
  await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
  const { ask, firstCredential = '' } = await serve({}, '0.0.0.0', stores, { registry })
  const catalog = {
    type: 'glue',
    tableFormatList: ['ICEBERG'],
    storageConfig: { 'storage.type': 'S3', 'storage.s3.region': 'eu-west-1' },
    authConfig: { 'auth.type': 'AK/SK', 'auth.ak_sk.access_key': 'id', 'auth.ak_sk.secret_key': 'hidden' },
    properties: { warehouse: 's3://far/wh' },
    tableProperties: {},
    optimizerGroup: 'default',
  }
  assert.equal(await statusOf(ask('POST', '/catalogs', firstCredential, { ...catalog, name: 'far' })), 200)
  await ask('POST', '/principals', firstCredential, { name: 'ann', grants: [{ role: 'admin', catalog: 'far' }] })
  const { token } = (await ask('POST', '/principals/ann/credentials', firstCredential)).result as { token: string }
  const put = (change: object, as = token) => ask('PUT', '/catalogs/far', as, { ...catalog, ...change })
  const authConfig = { 'auth.type': 'AK/SK' }
  const kept = { authConfig, properties: { ...catalog.properties, 'table-filter': 'a.*' } }
  assert.equal(await statusOf(put({ ...kept, tableProperties: { 'self-optimizing.enabled': 'false' } })), 200)
  assert.equal((await registry.describe('far')).tableProperties['self-optimizing.enabled'], 'false')
  const moved = { ...catalog, properties: { warehouse: 's3://moved/wh' } }
  const seen: (string | undefined)[] = []
  const look = (before: CatalogDescription) => void seen.push(before.properties['warehouse'])
  await Promise.all([moved, catalog].map((form) => registry.update('far', form, { test: false }, look)))
  assert.deepEqual(seen, ['s3://far/wh', 's3://moved/wh'], 'a change is judged by what is there when it is made')
  for (const [field, change] of Object.entries({
    'properties.warehouse': { properties: { ...kept.properties, warehouse: 's3://hr' } },
    'properties.s3.endpoint': { properties: { ...kept.properties, 's3.endpoint': 'http://10.0.0.1' } },
    'properties.allow.external.table.location': {
      properties: { ...kept.properties, 'allow.external.table.location': 'true' },
    },
    'properties.access-delegation.role-arn': {
      properties: { ...kept.properties, 'access-delegation.role-arn': 'arn:aws:iam::1:role/other' },
    },
    'storageConfig.storage.s3.region': { storageConfig: { 'storage.type': 'S3' } },
    'authConfig.auth.type': { authConfig: { 'auth.type': 'CUSTOM' } },
    'authConfig.auth.ak_sk.secret_key': { authConfig: { ...authConfig, 'auth.ak_sk.secret_key': 'x' } },
    'authConfig.auth.ak_sk.access_key': { authConfig: { ...authConfig, 'auth.ak_sk.access_key': '' } },
  })) {
    const refused = await put({ ...kept, ...change })
    assert.equal(refused.status, 403, field)
    assert.ok(refused.text.includes(`${field}: how catalog`), refused.text)
  }
  assert.equal(await statusOf(put({ properties: { warehouse: 's3://hr' } }, firstCredential)), 200)
})

test('the last administrator stays, but where one stands in the configuration or nobody is asked', async () => {
  const { ask, firstCredential: admin = '' } = await serve()
  const refused = [
    await ask('DELETE', '/principals/admin', admin),
    await ask('PUT', '/principals/admin', admin, { grants: [{ role: 'viewer' }] }),
    await ask('DELETE', `/principals/admin/credentials/${admin.split(':')[0]}`, admin),
  ]
  for (const { status, text } of refused) {
    assert.equal(status, 409, text)
    assert.match(text, /admin is the last administrator of the service: give another principal the role admin/)
  }
  assert.equal(await statusOf(ask('POST', '/principals', admin, { name: 'ann', grants: [{ role: 'admin' }] })), 200)
  assert.equal(await statusOf(ask('DELETE', '/principals/admin', admin)), 409, 'ann has no credential')
  assert.equal(await statusOf(ask('POST', '/principals/ann/credentials', admin)), 200)
  assert.equal(await statusOf(ask('DELETE', '/principals/admin', admin)), 200)

  const configured = await serve({ administrator: { name: 'root', password: 'pw' } })
  await configured.ask('POST', '/principals', 'root:pw', { name: 'ann', grants: [{ role: 'admin' }] })
  await configured.ask('POST', '/principals/ann/credentials', 'root:pw')
  assert.equal(await statusOf(configured.ask('DELETE', '/principals/ann', 'root:pw')), 200)
})

test('a grant names a catalog that is there, whatever it will have in it', async () => {
  const { ask, stores, firstCredential: admin } = await serve()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const future = { role: 'editor', catalog: 'lake', namespace: ['not', 'yet'], table: 'there' }
  const absent = { role: 'viewer', catalog: 'lak' }
  const wrong = await ask('POST', '/principals', admin, { name: 'bi', grants: [future, absent] })
  assert.equal(wrong.status, 400)
  assert.match(wrong.text, /grants\[1\]\.catalog: there is no catalog \\"lak\\"; register it first/)
  assert.equal(await statusOf(ask('POST', '/principals', admin, { name: 'bi', grants: [future] })), 200)
  assert.equal(await statusOf(ask('PUT', '/principals/bi', admin, { grants: [future, absent] })), 400)
  await stores.catalogs.removeCatalog('lake', { version: 1, isEmpty: false })
  assert.equal(await stores.catalogs.findCatalog('lake'), undefined)
  const bi = await stores.principals.findPrincipal('bi')
  assert.deepEqual(bi?.grants, [], 'grants go with their catalog')
  const more = [future, { role: 'operator' }]
  assert.equal(await statusOf(ask('PUT', '/principals/bi', admin, { grants: more })), 400)
  const place = { catalog: 'lake', namespace: ['not', 'yet'], table: 'there' }
  assert.ok(await stores.principals.swapGrants(bi, [{ role: 'editor', place }]))
  assert.equal(await statusOf(ask('PUT', '/principals/bi', admin, { grants: more })), 200, 'what was there stays')
  const role = await ask('POST', '/principals', admin, { name: 'eve', grants: [{ role: 'god' }] })
  assert.equal(role.status, 400)
  assert.match(role.text, /request body: grants\[0\]\.role must be one of viewer, editor, operator, admin/)
})

test('databases and tables are listed for whoever has a role in them', async () => {
  const stores = memoryStores()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const loadNamespace = async () => ({})
  const { ask, firstCredential: admin } = await serve({}, '0.0.0.0', stores, {
    findCatalog: async () => buildOpened({ name: 'lake', loadNamespace } as unknown as Catalog),
    listing: {
      listDatabases: async () => [['sales'], ['sales', 'eu'], ['hr']],
      listTables: async () => ['orders', 'clicks'].map((name) => ({ name, format: 'ICEBERG' }) as const),
    },
  })
  const grants = [{ role: 'viewer', catalog: 'lake', namespace: ['sales'], table: 'orders' }]
  await ask('POST', '/principals', admin, { name: 'bi', grants })
  const { token } = (await ask('POST', '/principals/bi/credentials', admin)).result as { token: string }
  const databases = '/catalogs/lake/databases'
  assert.deepEqual((await ask('GET', databases, token)).result, ['sales'])
  assert.deepEqual((await ask('GET', databases, admin)).result, ['hr', 'sales', 'sales.eu'])
  assert.deepEqual((await ask('GET', `${databases}/sales/tables`, token)).result, [{ name: 'orders', type: 'ICEBERG' }])
  assert.equal(await statusOf(ask('GET', `${databases}/hr/tables`, token)), 403)
  assert.equal(await statusOf(ask('GET', `${databases}/sales`, token)), 403)
  assert.equal(await statusOf(ask('GET', '/catalogs/far/databases', token)), 403)
  assert.equal(await statusOf(ask('POST', databases, token, { name: 'x' })), 403)
  assert.equal(await statusOf(ask('GET', '/catalogs/lake/dropped-tables', `${token}x`)), 401)
})

test('a database is created by whoever may write in it, and by a grant on another one it is not', async () => {
  const stores = memoryStores()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const made: unknown[] = []
  const catalog = {
    name: 'lake',
    createNamespace: async (namespace: unknown) => void made.push(namespace),
    loadNamespace: async () => ({}),
  }
  const { ask, firstCredential: admin } = await serve({}, '0.0.0.0', stores, {
    findCatalog: async () => buildOpened(catalog as unknown as Catalog),
  })
  const grants = [
    { role: 'editor', catalog: 'lake', namespace: ['sales'] },
    { role: 'viewer', catalog: 'lake', namespace: ['hr'] },
    { role: 'admin', catalog: 'lake', namespace: ['raw'], table: 'clicks' },
    { role: 'admin', catalog: 'far' },
  ]
  await stores.catalogs.saveCatalog({ name: 'far', type: 'ams', properties: {} })
  assert.equal(await statusOf(ask('POST', '/principals', admin, { name: 'etl', grants })), 200)
  const { token } = (await ask('POST', '/principals/etl/credentials', admin)).result as { token: string }
  const create = (name: string | readonly string[]) => ask('POST', '/catalogs/lake/databases', token, { name })
  for (const name of ['sales', ['sales', 'eu']]) assert.equal(await statusOf(create(name)), 200, String(name))
  for (const name of ['hr', 'raw', 'sales.eu', 'sale', 'sales2', ['eu', 'sales']]) {
    const { status, text } = await create(name)
    assert.equal(status, 403, String(name))
    assert.match(text, /etl has no role with the privilege write-table on namespace lake\./)
  }
  assert.equal(await statusOf(ask('POST', '/catalogs/none/databases', token, { name: 'sales' })), 403)
  assert.deepEqual(made, [['sales'], ['sales', 'eu']], 'what is refused is asked of no catalog')
})
