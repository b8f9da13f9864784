import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { openRestCatalog } from './rest-catalog.ts'

const NAMESPACES = '{"namespaces":[]}'
const METADATA = formatTableMetadata(
  createdMetadata(SALES_ORDERS_TABLE, 's3://b/t', { clock: virtualClock(), random: seededRandom(1) }),
)
const TABLE = `{"metadata-location":"s3://b/t/1.metadata.json","metadata":${METADATA},"config":{"token":"of-table"}}`

/** A server that gives out tokens t1, t2, ... and accepts only those in `valid`. */
function tokenServer({ lifetimeSeconds = 600, tokenStatus = 200, overrides = {}, tokenPath = '/tokens' } = {}) {
  let monotonicMs = 0
  let given = 0
  const valid = new Set<string>()
  const forms: URLSearchParams[] = []
  const bearers: (string | null)[] = []
  const tokenUris: string[] = []
  const json = (body: string, status = 200) =>
    new Response(body, { status, headers: { 'content-type': 'application/json' } })
  const clock: Clock = {
    now: () => 0 as EpochMs,
    monotonicMs: () => monotonicMs,
    sleep: () => new Promise(() => {}),
  }
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init)
    if (request.url.endsWith(tokenPath)) {
      assert.equal(request.headers.get('authorization'), null)
      tokenUris.push(request.url)
      forms.push(new URLSearchParams(await request.text()))
      if (tokenStatus !== 200)
        return json('{"error":"invalid_client","error_description":"secret was hunter2"}', tokenStatus)
      given += 1
      valid.add(`t${given}`)
      return json(JSON.stringify({ access_token: `t${given}`, token_type: 'bearer', expires_in: lifetimeSeconds }))
    }
    const bearer = request.headers.get('authorization')
    bearers.push(bearer)
    if (!valid.has(bearer?.replace('Bearer ', '') ?? '')) return json('{"error":{"type":"NotAuthorized"}}', 401)
    if (request.url.includes('/tables/')) return json(TABLE)
    return json(request.url.includes('/config') ? JSON.stringify({ defaults: {}, overrides }) : NAMESPACES)
  }
  const open = (properties: Record<string, string> = { credential: 'me:hunter2:x' }) =>
    openRestCatalog({ name: 'rest', properties: { uri: 'https://host', ...properties }, clock, fetch: send })
  return {
    open,
    forms,
    bearers,
    tokenUris,
    valid,
    failTokens: (status: number) => {
      tokenStatus = status
    },
    pass: (ms: number) => {
      monotonicMs += ms
    },
  }
}

test('client credentials are exchanged for a token, once for many requests', async () => {
  const server = tokenServer()
  const catalog = await server.open({ credential: 'me:hunter2:x', scope: 'PRINCIPAL', audience: 'lake' })
  await Promise.all([catalog.listNamespaces([]), catalog.listNamespaces([]), catalog.listNamespaces([])])
  assert.deepEqual(Object.fromEntries(server.forms[0] ?? []), {
    grant_type: 'client_credentials',
    client_id: 'me',
    client_secret: 'hunter2:x',
    scope: 'PRINCIPAL',
    audience: 'lake',
  })
  // The configuration is asked for with the same.
  assert.deepEqual([...new Set(server.bearers)], ['Bearer t1'])
  assert.equal(server.forms.length, 1)
})

test('a credential goes where it was registered to go, whatever the configuration says', async () => {
  for (const [registered, tokenUri] of [
    ['https://idp/tokens', 'https://idp/tokens'],
    ['login', 'https://host/login'],
  ] as const) {
    const overrides = {
      uri: 'https://evil',
      'oauth2-server-uri': 'https://evil/tokens',
      'rest.auth.type': 'none',
      scope: 'more',
    }
    const server = tokenServer({ overrides, tokenPath: new URL(tokenUri).pathname })
    const catalog = await server.open({
      credential: 'me:hunter2',
      'oauth2-server-uri': registered,
      'rest.auth.type': 'oauth2',
    })
    await catalog.listNamespaces([])
    assert.deepEqual(server.tokenUris, [tokenUri, tokenUri], 'asked again for the other scope')
    assert.equal(server.bearers.at(-1), 'Bearer t2')
  }
})

test('what is registered by https does not go on by http', async () => {
  for (const [overrides, key] of [
    [{ uri: 'http://host' }, 'uri'],
    [{ 'oauth2-server-uri': 'http://idp/tokens' }, 'oauth2-server-uri'],
  ] as const) {
    const server = tokenServer({ overrides })
    await assert.rejects(
      server.open(),
      (error) =>
        isKind(error, 'invalid-input') && error.message.includes(`says in its v1/config that ${key} is http://`),
    )
    assert.deepEqual(server.tokenUris, ['https://host/v1/oauth/tokens'])
  }
  const server = tokenServer({ overrides: { uri: 'https://host' } })
  await server.open({ credential: 'me:hunter2', 'oauth2-server-uri': 'http://idp.local/tokens' })
  assert.deepEqual(server.tokenUris, ['http://idp.local/tokens'], 'as it was registered')
})

test('a configuration that changes how to sign in is signed in to anew', async () => {
  for (const [overrides, forms] of [
    [{ scope: 'PRINCIPAL' }, ['catalog', 'PRINCIPAL']],
    [{ 'oauth2-server-uri': 'https://idp/tokens' }, ['catalog']],
  ] as const) {
    const server = tokenServer({ overrides })
    const catalog = await server.open()
    await catalog.listNamespaces([])
    assert.deepEqual(
      server.forms.map((form) => form.get('scope')),
      forms,
    )
    server.pass(600_000)
    await catalog.listNamespaces([])
    const { 'oauth2-server-uri': later = 'https://host/v1/oauth/tokens' }: Record<string, string> = overrides
    assert.equal(server.tokenUris.at(-1), later)
  }
})

test("a table that has a token of its own is asked about with that one, and with the catalog's once it is refused", async () => {
  const server = tokenServer()
  const catalog = await server.open()
  server.valid.add('of-table')
  const table = { namespace: ['a'], name: 't' }
  await catalog.loadTable(table)
  await catalog.loadTable(table)
  await catalog.loadTable({ ...table, name: 'u' })
  server.valid.delete('of-table')
  await catalog.loadTable(table)
  const wanted = ['t1', 't1', 'of-table', 't1', 'of-table', 't1']
  assert.deepEqual(
    server.bearers,
    wanted.map((token) => `Bearer ${token}`),
  )
})

test('a token is renewed before it ends', async () => {
  const server = tokenServer({ lifetimeSeconds: 600 })
  const catalog = await server.open()
  await catalog.listNamespaces([])
  server.pass(539_000)
  await catalog.listNamespaces([])
  assert.equal(server.bearers.at(-1), 'Bearer t1')
  server.pass(1_000)
  await catalog.listNamespaces([])
  assert.equal(server.bearers.at(-1), 'Bearer t2')
})

test('a token that is refused early is renewed once', async () => {
  const server = tokenServer()
  const catalog = await server.open()
  await catalog.listNamespaces([])
  server.valid.clear()
  await catalog.listNamespaces([])
  assert.deepEqual(server.bearers.slice(-2), ['Bearer t1', 'Bearer t2'])
})

test('a token given by hand is used as it is', async () => {
  const server = tokenServer()
  server.valid.add('mine')
  const catalog = await server.open({ token: 'mine', credential: 'me:hunter2' })
  await catalog.listNamespaces([])
  assert.deepEqual(server.bearers, ['Bearer mine', 'Bearer mine'])
  assert.equal(server.forms.length, 0)
})

test('a token given by hand is renewed with the credential when it is refused, or ends by its own word', async () => {
  const server = tokenServer()
  const catalog = await server.open({ token: 'revoked', credential: 'me:hunter2' })
  assert.deepEqual(server.bearers, ['Bearer revoked', 'Bearer t1'])
  await catalog.listNamespaces([])
  assert.equal(server.bearers.at(-1), 'Bearer t1')

  const ending = tokenServer()
  const claims = Buffer.from(JSON.stringify({ exp: 600 })).toString('base64url')
  const jwt = `e30.${claims}.sig`
  ending.valid.add(jwt)
  const held = await ending.open({ token: jwt, credential: 'me:hunter2' })
  await held.listNamespaces([])
  assert.deepEqual(ending.bearers, [`Bearer ${jwt}`, `Bearer ${jwt}`])
  ending.pass(541_000)
  await held.listNamespaces([])
  assert.equal(ending.bearers.at(-1), 'Bearer t1')
})

test('tokens may come from an identity provider, or from a path of the catalog', async () => {
  for (const [given, wanted] of [
    ['https://idp/realms/x/tokens', 'https://idp/realms/x/tokens'],
    ['oauth/tokens', 'https://host/oauth/tokens'],
    ['/oauth/tokens', 'https://host/oauth/tokens'],
  ] as const) {
    const server = tokenServer()
    await server.open({ credential: 'me:hunter2', 'oauth2-server-uri': given })
    assert.equal(server.tokenUris[0], wanted)
  }
})

test('a commit for which there is no token was not sent, and is not unknown', async () => {
  const server = tokenServer({ lifetimeSeconds: 600 })
  const catalog = await server.open()
  server.pass(600_000)
  server.failTokens(503)
  const sent = server.bearers.length
  const commit = catalog.commitTable({ namespace: ['a'], name: 't' }, { requirements: [], updates: [] })
  await assert.rejects(commit, (error) => isKind(error, 'unavailable'))
  assert.equal(server.bearers.length, sent)
})

test('name and password go with every request', async () => {
  const server = tokenServer()
  const basic = { 'rest.auth.type': 'basic', 'rest.auth.basic.username': 'me', 'rest.auth.basic.password': 'p:w' }
  await assert.rejects(server.open(basic), (error) => isKind(error, 'permission'))
  assert.deepEqual(server.bearers, [`Basic ${Buffer.from('me:p:w').toString('base64')}`])
})

test('credentials that are refused say so without showing them', async () => {
  const server = tokenServer({ tokenStatus: 401 })
  await assert.rejects(server.open(), (error) => {
    assert.ok(isKind(error, 'permission'))
    assert.match(error.message, /invalid_client.*check credential/)
    assert.ok(!describeError(error).includes('hunter2'))
    return true
  })
  await assert.rejects(tokenServer({ tokenStatus: 503 }).open(), (error) => isKind(error, 'unavailable'))
})
