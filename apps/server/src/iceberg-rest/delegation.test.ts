import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { Grant } from '@moraine/management/access/grant'
import type { AnsweredRequest } from '@moraine/management/catalogs/answered-requests'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { accessDelegation } from '../catalogs/delegation/access-delegation.ts'
import { tableAccess } from '../catalogs/delegation/table-access.ts'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { Idempotency } from './idempotency.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const HOUR = 3_600_000

type Asked = { readonly name: string; readonly policy: string }
const sts = { asked: [] as Asked[], now: START, status: 200 }
const stsServer = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    sts.asked.push({ name: form.get('RoleSessionName') ?? '', policy: form.get('Policy') ?? '' })
    const id = `ID${sts.asked.length}`
    const credentials = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>secret-of-${id}</SecretAccessKey><SessionToken>token-of-${id}</SessionToken><Expiration>${new Date(sts.now + HOUR).toISOString()}</Expiration>`
    response.writeHead(sts.status).end(sts.status === 200 ? credentials : '<Code>Broken</Code>')
  })
}).listen(0, '127.0.0.1')
await once(stsServer, 'listening')
const address = stsServer.address()
const ENDPOINT = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
after(() => {
  stsServer.closeAllConnections()
  stsServer.close()
})

const stagedKey = new Uint8Array(32).fill(9)
const ROLE = { 'access-delegation.role-arn': 'arn:aws:iam::1:role/r' }
const VENDED = { 'x-iceberg-access-delegation': 'vended-credentials' }
const EITHER = { 'x-iceberg-access-delegation': 'remote-signing, vended-credentials' }
const SALES = { catalog: 'lake', namespace: ['sales'] }
const USERS: Readonly<Record<string, readonly Grant[]>> = {
  root: [{ role: 'admin', place: {} }],
  editor: [{ role: 'editor', place: SALES }],
  viewer: [{ role: 'viewer', place: SALES }],
}

async function serve(ways: string, more: Readonly<Record<string, string>> = ROLE) {
  Object.assign(sts, { asked: [], now: START, status: 200 })
  const clock = { ...systemClock, now: () => sts.now as EpochMs }
  const keys = { 's3.access-key-id': 'own', 's3.secret-access-key': 'hunter2' }
  const properties = { warehouse: 's3://lab/wh', ...keys, 's3.endpoint': ENDPOINT, 'client.region': 'us-east-1' }
  const delegation = accessDelegation({ ...properties, ...more, 'access-delegation': ways }, 'ams')
  const access = delegation && tableAccess(delegation, { catalog: 'lake', clock, stagedKey, environment: {} })
  const catalog = internalCatalog({
    ...{ name: 'lake', warehouse: 's3://lab/wh', pointers: memoryCatalogs().pointers, io: memoryFileIO() },
    ...{ clock, random: systemRandom, onLeftover: (error) => assert.fail(String(error)) },
  })
  const answers = memoryAnsweredRequests()
  const kept: AnsweredRequest[] = []
  const store: typeof answers = {
    ...answers,
    saveAnswer: (answer, holder) => {
      kept.push(answer)
      return answers.saveAnswer(answer, holder)
    },
  }
  const withheld: string[] = []
  const server = await serveIcebergRest({
    findCatalog: async () => buildOpened(catalog, access && { access }),
    authenticator: {
      openTo: 'nobody',
      identify: async (name = 'root') => ({ name, grants: USERS[name] ?? [] }),
      exchange: async () => '',
      renew: async () => '',
    },
    idempotency: new Idempotency(store, clock, (error) => assert.fail(String(error))),
    onWithheld: ({ identifier, error }) => withheld.push(`${identifier.name}: ${error.message}`),
  })
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: object,
  ) => {
    const url = path.startsWith('/') ? path : `/v1/catalogs/lake/${path}`
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
    const answer = await server.inject({
      ...{ method, url, ...payload },
      headers: { 'content-type': 'application/json', ...headers },
    })
    const json: Loaded = answer.body === '' ? {} : answer.json()
    return { status: answer.statusCode, json, headers: answer.headers }
  }
  await ask('POST', 'namespaces', {}, { namespace: ['sales'] })
  return { ask, kept, withheld, server }
}

type Config = Readonly<Record<string, string>>
type Loaded = {
  readonly config?: Config
  readonly 'storage-credentials'?: readonly { readonly prefix: string; readonly config: Config }[]
  readonly metadata?: { readonly location: string }
  readonly defaults?: Config
  readonly endpoints?: readonly string[]
  readonly error?: { readonly type: string; readonly message: string }
  readonly 'remote-signing-config'?: { readonly properties: Config }
  readonly uri?: string
  readonly headers?: Readonly<Record<string, readonly string[]>>
}

const orders = (more: object = {}) => ({
  ...{ name: 'orders', ...more },
  schema: { type: 'struct', fields: [{ id: 1, name: 'a', required: false, type: 'int' }] },
})
const TABLES = 'namespaces/sales/tables'
const ONE = `${TABLES}/orders`
const LOCATION = 's3://lab/wh/sales/orders'
const as = (authorization: string, more: Config = VENDED) => ({ authorization, ...more })

test('a client is told what to expect, and no secret', async () => {
  const vending = await (await serve('sts-credentials, remote-signing')).ask('GET', '/v1/config?warehouse=lake')
  assert.deepEqual(vending.json.defaults, {
    's3.endpoint': ENDPOINT,
    'client.region': 'us-east-1',
    's3.region': 'us-east-1',
  })
  const ofTables = (endpoints: readonly string[] = []) => endpoints.filter((each) => /\/(credentials|sign)$/.test(each))
  const path = '/v1/{prefix}/namespaces/{namespace}/tables/{table}'
  assert.deepEqual(ofTables(vending.json.endpoints), [`GET ${path}/credentials`, `POST ${path}/sign`])
  const { json } = await (await serve('')).ask('GET', '/v1/config?warehouse=lake')
  assert.deepEqual([json.defaults, ofTables(json.endpoints)], [{}, []])
})

test('only a client that asks gets something, of what it takes the first that the catalog gives', async () => {
  const { ask } = await serve('sts-credentials, remote-signing')
  assert.equal((await ask('POST', TABLES, {}, orders())).json.config, undefined)
  assert.equal((await ask('GET', ONE)).json.config, undefined)
  assert.equal((await ask('GET', ONE, { 'x-iceberg-access-delegation': 'magic' })).json.config, undefined)
  assert.equal(sts.asked.length, 0)
  const { json, headers } = await ask('GET', ONE, EITHER)
  const config = {
    's3.endpoint': ENDPOINT,
    'client.region': 'us-east-1',
    's3.region': 'us-east-1',
    's3.access-key-id': 'ID1',
    's3.secret-access-key': 'secret-of-ID1',
    's3.session-token': 'token-of-ID1',
    's3.session-token-expires-at-ms': String(START + HOUR),
    'client.refresh-credentials-endpoint': `v1/catalogs/lake/${ONE}/credentials`,
  }
  assert.deepEqual(json.config, config)
  assert.deepEqual(json['storage-credentials'], [{ prefix: `${LOCATION}/`, config }])
  assert.equal(headers['cache-control'], 'no-store')
  const signing = await ask('GET', ONE, { 'x-iceberg-access-delegation': 'Remote-Signing' })
  assert.equal(signing.json.config?.['s3.remote-signing-enabled'], 'true')
  assert.equal(signing.json.config?.['s3.signer.endpoint'], `v1/catalogs/lake/${ONE}/sign`)
  assert.ok(!JSON.stringify(signing.json).includes('hunter2'))
  assert.deepEqual([signing.json['storage-credentials'], sts.asked.length], [undefined, 1])
  assert.equal((await (await serve('')).ask('POST', TABLES, VENDED, orders())).json.config, undefined)
})

test('sessions are bound to the table and to what whoever asks may do, and say who it is', async () => {
  const { ask } = await serve('sts-credentials')
  await ask('POST', TABLES, as('editor'), orders())
  await ask('GET', ONE, as('viewer'))
  await ask('GET', ONE, as('viewer'))
  await ask('GET', ONE, as('editor'))
  assert.deepEqual(
    sts.asked.map(({ name, policy }) => [
      name,
      policy.includes('s3:PutObject'),
      policy.includes('arn:aws:s3:::lab/wh/sales/orders/*'),
    ]),
    [
      ['moraine-editor', true, true],
      ['moraine-viewer', false, true],
    ],
  )
})

test("the catalog's own keys are for those alone who may write all of it", async () => {
  const { ask } = await serve('static-credentials')
  await ask('POST', TABLES, as('root'), orders())
  const root = await ask('GET', ONE, as('root'))
  assert.equal(root.json.config?.['s3.secret-access-key'], 'hunter2')
  assert.equal(root.json.config?.['s3.session-token-expires-at-ms'], undefined)
  assert.equal((await ask('GET', ONE, as('editor'))).json.config, undefined)
  const { status, json } = await ask('GET', `${ONE}/credentials`, as('editor'))
  assert.deepEqual([status, json.error?.type], [403, 'ForbiddenException'])
})

test('a client that has the newest metadata is answered 304 only while its credentials are good', async () => {
  const { ask } = await serve('sts-credentials')
  const plain = (await ask('POST', TABLES, {}, orders())).headers.etag ?? ''
  assert.equal((await ask('GET', ONE, { 'if-none-match': String(plain) })).status, 304)
  assert.equal((await ask('GET', ONE, { ...VENDED, 'if-none-match': String(plain) })).status, 200)
  const etag = String((await ask('GET', ONE, VENDED)).headers.etag)
  assert.equal((await ask('GET', ONE, { ...VENDED, 'if-none-match': etag })).status, 304)
  sts.now = START + HOUR - 600_000
  const { status, json } = await ask('GET', ONE, { ...VENDED, 'if-none-match': etag })
  assert.deepEqual([status, json.config?.['s3.access-key-id']], [200, 'ID2'])
})

test('credentials are renewed at an address of their own', async () => {
  const { ask } = await serve('sts-credentials')
  await ask('POST', TABLES, VENDED, orders())
  const renew = async () => (await ask('GET', `${ONE}/credentials`, as('viewer', {}))).json['storage-credentials']
  const [first] = (await renew()) ?? []
  assert.equal(first?.prefix, `${LOCATION}/`)
  assert.deepEqual(await renew(), [first])
  sts.now += HOUR
  const [second] = (await renew()) ?? []
  assert.notEqual(second?.config['s3.access-key-id'], first?.config['s3.access-key-id'])
  const none = await (await serve('remote-signing')).ask('GET', `${ONE}/credentials`)
  assert.deepEqual([none.status, none.json.error?.type], [406, 'UnsupportedOperationException'])
})

test('what STS does not give is said; a table that was made by then is told nevertheless', async () => {
  const { ask, withheld } = await serve('sts-credentials')
  sts.status = 500
  const created = await ask('POST', TABLES, VENDED, orders())
  assert.deepEqual([created.status, created.json.config, created.json.metadata?.location], [200, undefined, LOCATION])
  assert.equal(withheld.length, 1)
  assert.match(withheld[0] ?? '', /^orders: assuming the role .* STS answered 500 Broken/)
  const loaded = await ask('GET', ONE, VENDED)
  assert.deepEqual([loaded.status, loaded.json.error?.type], [503, 'ServiceUnavailableException'])
  sts.status = 403
  assert.equal((await ask('GET', ONE, VENDED)).status, 403)
  assert.equal((await ask('POST', TABLES, VENDED, orders({ name: 'staged', 'stage-create': true }))).status, 403)
  sts.status = 200
  assert.equal((await ask('GET', ONE, VENDED)).status, 200)
})

test('no credentials are kept with the answers of idempotent requests', async () => {
  const { ask, kept } = await serve('sts-credentials')
  const keyed = (digit: string) => ({ ...VENDED, 'idempotency-key': `00000000-0000-4000-8000-00000000000${digit}` })
  const staged = orders({ name: 'staged', 'stage-create': true })
  const bodies = [
    await ask('POST', TABLES, keyed('1'), orders()),
    await ask('POST', TABLES, keyed('1'), orders()),
    await ask('POST', TABLES, keyed('2'), staged),
    await ask('POST', TABLES, keyed('2'), staged),
  ]
  for (const { status, json } of bodies)
    assert.deepEqual([status, json.config?.['s3.session-token']?.slice(0, 9)], [200, 'token-of-'])
  assert.equal(kept.length, 1)
  assert.ok(!JSON.stringify(kept).includes('token-of-'))
})

test('a table that lies elsewhere is told without credentials, and the reason where they are asked for', async () => {
  const { ask } = await serve('sts-credentials')
  const created = await ask('POST', TABLES, as('root'), orders({ location: 's3://lab/wh/hr/salaries' }))
  assert.notEqual(created.json.config, undefined)
  assert.equal((await ask('GET', ONE, as('editor'))).json.config, undefined)
  const { status, json } = await ask('GET', `${ONE}/credentials`, as('editor'))
  assert.equal(status, 403)
  assert.match(json.error?.message ?? '', /s3:\/\/lab\/wh\/hr\/salaries is not the folder/)
})

test('a table that was only staged is written to by who staged it, and by nobody else', async () => {
  const { ask } = await serve('remote-signing')
  const signing = { 'x-iceberg-access-delegation': 'remote-signing' }
  const { json } = await ask('POST', TABLES, as('editor', signing), orders({ 'stage-create': true }))
  const staged = json['remote-signing-config']?.properties['moraine.staged'] ?? ''
  assert.equal(json.config?.['s3.signer.endpoint'], `v1/catalogs/lake/${ONE}/sign?staged=${staged}`)
  const put = { method: 'PUT', region: 'us-east-1', uri: `${ENDPOINT}/lab/wh/sales/orders/data/f`, headers: {} }
  const sign = async (user: string, path: string, more: object = {}) =>
    (await ask('POST', path, as(user, {}), { ...put, ...more })).status
  assert.equal(await sign('editor', `${ONE}/sign?staged=${staged}`), 200)
  assert.equal(await sign('editor', `${ONE}/sign`, { properties: { 'moraine.staged': staged } }), 200)
  assert.equal(await sign('root', `${ONE}/sign?staged=${staged}`), 404)
  assert.equal(await sign('editor', `${TABLES}/returns/sign?staged=${staged}`), 404)
  assert.equal(await sign('editor', `${ONE}/sign?staged=x`), 404)
  assert.equal(await sign('editor', `${ONE}/sign`), 404)
  const other = { uri: `${ENDPOINT}/lab/wh/sales/returns/data/f` }
  assert.equal(await sign('editor', `${ONE}/sign?staged=${staged}`, other), 403)
  const vended = await (await serve('sts-credentials')).ask('POST', TABLES, VENDED, orders({ 'stage-create': true }))
  assert.match(vended.json.config?.['client.refresh-credentials-endpoint'] ?? '', /\/credentials\?staged=[\w.-]+$/)
})

test('credentials of a staged table are renewed', async () => {
  const { ask } = await serve('sts-credentials')
  const { json } = await ask('POST', TABLES, VENDED, orders({ 'stage-create': true }))
  const path = `/${json.config?.['client.refresh-credentials-endpoint']}`
  const renewed = await ask('GET', path)
  assert.deepEqual(renewed.json['storage-credentials'], json['storage-credentials'])
  assert.equal((await ask('GET', path, as('editor', {}))).status, 404)
})

test("requests are signed with the table's session if there is a role, else with the catalog's keys", async () => {
  const request = (method: string, key: string) => ({
    ...{ method, region: 'us-east-1', uri: `${ENDPOINT}/lab/${key}`, provider: 's3' },
    headers: { 'User-Agent': ['x'], Range: ['bytes=0-1'] },
  })
  const file = 'wh/sales/orders/data/f.parquet'
  for (const [more, signer] of [
    [ROLE, 'ID1'],
    [{}, 'own'],
  ] as const) {
    const { ask } = await serve('remote-signing', more)
    await ask('POST', TABLES, {}, orders())
    const read = await ask('POST', `${ONE}/sign`, as('viewer', {}), request('GET', file))
    assert.equal(read.status, 200)
    assert.equal(read.json.uri, `${ENDPOINT}/lab/${file}`)
    assert.match(
      read.json.headers?.['authorization']?.[0] ?? '',
      new RegExp(`^AWS4-HMAC-SHA256 Credential=${signer}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;`),
    )
    assert.equal(read.json.headers?.['x-amz-security-token']?.[0], signer === 'own' ? undefined : 'token-of-ID1')
    assert.equal(read.headers['cache-control'], 'private')
    const written = await ask('POST', `${ONE}/sign`, as('root', {}), request('PUT', file))
    assert.deepEqual([written.status, written.headers['cache-control']], [200, 'no-cache'])
    // The store is not AWS's: it might act on headers that nobody signed.
    const byEditor = await ask('POST', `${ONE}/sign`, as('editor', {}), request('PUT', file))
    assert.equal(byEditor.status, signer === 'own' ? 403 : 200)
    for (const [user, method, key] of [
      ['viewer', 'PUT', file],
      ['viewer', 'DELETE', file],
      ['editor', 'GET', 'wh/sales/returns/data/f.parquet'],
    ] as const) {
      const refused = await ask('POST', `${ONE}/sign`, as(user, {}), request(method, key))
      assert.deepEqual([refused.status, refused.json.error?.type], [403, 'ForbiddenException'], `${method} ${key}`)
    }
    assert.equal((await ask('POST', `${ONE}/sign`, {}, { ...request('GET', file), provider: 'gcs' })).status, 400)
  }
})
