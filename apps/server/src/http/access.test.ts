import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { type AccessSettings, composeAccess } from '../access/compose-access.ts'
import { SILENT_LOG } from '../service/log.ts'
import { buildHttpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

const AMS = '/api/ams/v1'

async function serve(settings: Partial<AccessSettings> = {}, host = '0.0.0.0', stores = memoryStores()) {
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
  const server = await buildHttpServer(buildOptions({ stores, clock, authenticator: access.authenticator }))
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    credential?: string,
    payload?: object,
  ): Promise<{ status: number; result: unknown; text: string }> => {
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
    return { status: answer.statusCode, result, text: answer.body }
  }
  return { ask, stores, firstCredential: await access.makeFirst() }
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

test('principals are made known, granted roles, given credentials, and forgotten', async () => {
  const { ask, firstCredential: admin } = await serve()
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
  assert.equal(await statusOf(ask('GET', path.replace('sales', 'hr'), token)), 403)
  // It may be one level with a dot, which is no part of what was granted.
  assert.equal(await statusOf(ask('GET', path.replace('sales', 'sales.eu'), token)), 403)
  assert.equal(await statusOf(ask('POST', path.replace('details', 'optimize'), token)), 403)
  assert.equal(await statusOf(ask('GET', '/principals', token)), 403)

  const orders = { role: 'editor', catalog: 'lake', namespace: ['sales'], table: 'orders' }
  await ask('PUT', '/principals/bi', admin, { grants: [orders] })
  const definition = '/catalogs/lake/databases/sales/tables/orders'
  assert.equal(await statusOf(ask('POST', definition, token, {})), 501)
  assert.equal(await statusOf(ask('GET', definition, token)), 501)
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
