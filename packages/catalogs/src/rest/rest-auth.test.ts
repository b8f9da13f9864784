import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { openRestCatalog } from './rest-catalog.ts'

const CONFIG = '{"defaults":{},"overrides":{}}'
const NAMESPACES = '{"namespaces":[]}'

/** A server that gives out tokens t1, t2, ... and accepts only those in `valid`. */
function tokenServer({ lifetimeSeconds = 600, tokenStatus = 200 } = {}) {
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
    if (request.url.endsWith('/tokens')) {
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
    return json(request.url.includes('/config') ? CONFIG : NAMESPACES)
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
  // One before the configuration is known, one with it.
  assert.deepEqual([...new Set(server.bearers)], ['Bearer t1', 'Bearer t2'])
  assert.equal(server.forms.length, 2)
})

test('a token is renewed before it ends', async () => {
  const server = tokenServer({ lifetimeSeconds: 600 })
  const catalog = await server.open()
  await catalog.listNamespaces([])
  server.pass(539_000)
  await catalog.listNamespaces([])
  assert.equal(server.bearers.at(-1), 'Bearer t2')
  server.pass(1_000)
  await catalog.listNamespaces([])
  assert.equal(server.bearers.at(-1), 'Bearer t3')
})

test('a token that is refused early is renewed once', async () => {
  const server = tokenServer()
  const catalog = await server.open()
  await catalog.listNamespaces([])
  server.valid.clear()
  await catalog.listNamespaces([])
  assert.deepEqual(server.bearers.slice(-2), ['Bearer t2', 'Bearer t3'])
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
  assert.equal(server.bearers.at(-1), 'Bearer t2')

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
