import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, type ErrorKind, isKind, isOutcomeUnknown } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import type { Catalog, TableCommit } from '../catalog.ts'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { openRestCatalog } from './rest-catalog.ts'

// Against a server made of answers; apps/server runs the conformance suite against the real one.

const URI = 'https://host/iceberg'
const COMMENT: TableCommit = { requirements: [], updates: [{ action: 'set-properties', updates: { comment: 'x' } }] }

type Seen = { readonly method: string; readonly url: string; readonly headers: Headers; readonly body: string }
type Answer = (seen: Seen) => Response | Promise<Response>

/** Time stands still; sleepers wake when told. */
function stillClock() {
  let monotonicMs = 0
  const sleepers: (() => void)[] = []
  const clock: Clock = {
    now: () => 1000 as EpochMs,
    monotonicMs: () => monotonicMs,
    sleep: () => new Promise((resolve) => sleepers.push(resolve)),
  }
  return {
    clock,
    pass(ms: number) {
      monotonicMs += ms
    },
    wakeAll() {
      for (const wake of sleepers.splice(0)) wake()
    },
  }
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
const failure = (status: number, type: string, message: string) =>
  json({ error: { message, type, code: status } }, status)
const CONFIG = { defaults: {}, overrides: {} }
const VIEWS_AND_TRANSACTIONS = {
  ...CONFIG,
  endpoints: ['GET /v1/{prefix}/namespaces/{namespace}/views/{view}', 'POST /v1/{prefix}/transactions/commit'],
}

/** A catalog whose server gives `answers` in turn, after that for its configuration. */
async function open(answers: readonly Answer[], properties: Record<string, string> = {}, config: unknown = CONFIG) {
  const time = stillClock()
  const seen: Seen[] = []
  const queue = [() => json(config), ...answers]
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init)
    const call = { method: request.method, url: request.url, headers: request.headers, body: await request.text() }
    seen.push(call)
    const answer = queue.shift()
    assert.ok(answer, `unexpected ${call.method} ${call.url}`)
    return Promise.race([answer(call), rejectedOnAbort(request.signal)])
  }
  const catalog = await openRestCatalog({
    name: 'rest',
    properties: { uri: `${URI}/`, 'rest.client.max-retries': '0', ...properties },
    clock: time.clock,
    fetch: send,
  })
  return { catalog, seen, ...time }
}

const METADATA = formatTableMetadata(
  createdMetadata(SALES_ORDERS_TABLE, 's3://b/t', { clock: stillClock().clock, random: seededRandom(1) }),
)
const LOADED = `{"metadata-location":"s3://b/t/metadata/1.metadata.json","metadata":${METADATA}}`

test('the configuration decides prefix, separator and headers; the server has the last word', async () => {
  const { catalog, seen } = await open(
    [() => json({ namespaces: [['a', 'b.c']], 'next-page-token': 'more' }), () => json({ namespaces: [] })],
    { warehouse: 'wh 1', prefix: 'mine', 'header.X-Team': 'blue' },
    {
      defaults: { 'namespace-separator': '.' },
      overrides: { prefix: 'catalogs/wh%201', 'namespace-separator': '%2E%2E' },
    },
  )
  assert.equal(seen[0]?.url, `${URI}/v1/config?warehouse=wh+1`)
  assert.deepEqual(await catalog.listNamespaces(['a', 'x y']), { items: [['a', 'b.c']], nextPage: 'more' })
  assert.equal(seen[1]?.url, `${URI}/v1/catalogs/wh%201/namespaces?parent=a..x+y&pageToken=`)
  assert.equal(seen[1]?.headers.get('x-team'), 'blue')
  await catalog.listNamespaces([], 'more')
  assert.equal(seen[2]?.url, `${URI}/v1/catalogs/wh%201/namespaces?pageToken=more`)
})

test('a list ends where the next page has no name, which some servers say by an empty one', async () => {
  const { catalog } = await open([
    () => json({ namespaces: [['a']], 'next-page-token': '' }),
    () => json({ identifiers: [{ namespace: ['a'], name: 't' }], 'next-page-token': '' }),
  ])
  assert.deepEqual(await catalog.listNamespaces([]), { items: [['a']] })
  assert.deepEqual(await catalog.listTables(['a']), { items: [{ namespace: ['a'], name: 't' }] })
})

test('no message has the user or the parameters of an address in it', async () => {
  const clock = stillClock().clock
  const send: typeof fetch = () => Promise.reject(new TypeError('no route to http://u:LEAK@host'))
  const opening = (properties: Record<string, string>) =>
    openRestCatalog({ name: 'x', properties: { 'rest.client.max-retries': '0', ...properties }, clock, fetch: send })
  const told = async (properties: Record<string, string>) => {
    const error = await opening(properties).then(
      () => assert.fail('it opened'),
      (failure: unknown) => failure,
    )
    return describeError(error)
  }
  assert.match(await told({ uri: 'https://ann:LEAK@host/x' }), /^uri: leave out user and password/)
  const parameters = await told({ uri: 'https://host/x?apikey=LEAK' })
  assert.equal(parameters, 'GET https://host/x got no answer: no route to http://host; check the uri and the network')
  const idp = { uri: URI, credential: 'a:b', 'oauth2-server-uri': 'https://u:LEAK@idp/token?sig=LEAK' }
  assert.doesNotMatch(await told(idp), /LEAK/)
})

test('names are encoded once, and levels parted by the unit separator', async () => {
  const { catalog, seen } = await open([() => json(LOADED)])
  await catalog.loadTable({ namespace: ['a/b', 'c.d'], name: 'ü?#%' })
  assert.equal(seen[1]?.url, `${URI}/v1/namespaces/a%2Fb%1Fc.d/tables/%C3%BC%3F%23%25`)
  await assert.rejects(catalog.loadTable({ namespace: ['a'], name: '..' }), (error) => isKind(error, 'invalid-input'))
})

test('files are asked to go only where that is meant', async () => {
  const done = () => new Response(null, { status: 204 })
  const { catalog, seen } = await open([done, done])
  await catalog.dropTable(ORDERS)
  await catalog.purgeTable?.(ORDERS)
  const asked = seen.slice(1).map(({ method, url }) => `${method} ${new URL(url).search}`)
  assert.deepEqual(asked, ['DELETE ?purgeRequested=false', 'DELETE ?purgeRequested=true'])
})

test('ids beyond 2^53 go out and come in with all digits', async () => {
  const { catalog, seen } = await open([() => json(LOADED)])
  const snapshotId = 9007199254740993n as never
  await catalog.commitTable(ORDERS, {
    requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId }],
    updates: [{ action: 'remove-snapshots', snapshotIds: [snapshotId] }],
  })
  assert.match(seen[1]?.body ?? '', /"snapshot-id":9007199254740993[,}]/)
  assert.match(seen[1]?.body ?? '', /"snapshot-ids":\[9007199254740993\]/)
})

test('credentials that a catalog vends are storage properties, those for the longest prefix first', async () => {
  const extras = JSON.stringify({
    config: { 's3.endpoint': 'e', 's3.secret-access-key': 'general' },
    'storage-credentials': [
      { prefix: 's3://b', config: { 's3.secret-access-key': 'bucket' } },
      { prefix: 's3://b/t', config: { 's3.secret-access-key': 'table' } },
      { prefix: 's3://c', config: { 's3.secret-access-key': 'other' } },
    ],
  })
  const { catalog, seen } = await open([() => json(`${LOADED.slice(0, -1)},${extras.slice(1)}`)])
  assert.deepEqual((await catalog.loadTable(ORDERS)).storageProperties, {
    's3.endpoint': 'e',
    's3.secret-access-key': 'table',
  })
  assert.equal(seen[1]?.headers.get('x-iceberg-access-delegation'), 'vended-credentials')
})

const TABLE_CREDENTIALS = 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials'

function loaded(config: Record<string, string>, keys?: Record<string, string>) {
  const credentials = keys && {
    'storage-credentials': [
      { prefix: 's3://b/t/', config: keys },
      { prefix: 's3', config: keys },
    ],
  }
  return `${LOADED.slice(0, -1)},${JSON.stringify({ config, ...credentials }).slice(1)}`
}

test('credentials are renewed without the table, where the server says how to', async () => {
  const first = { 's3.access-key-id': 'k1', 's3.session-token': 's1', 's3.session-token-expires-at-ms': '5' }
  const second = { 's3.access-key-id': 'k2', 's3.session-token': 's2' }
  for (const [endpoint, endpoints, asked] of [
    [undefined, [TABLE_CREDENTIALS], '/v1/namespaces/sales/tables/orders/credentials'],
    ['v1/mine/credentials?of=t', [], '/v1/mine/credentials?of=t'],
    [`${URI}/v1/mine/credentials`, [], '/v1/mine/credentials'],
  ] as const) {
    const config = {
      's3.endpoint': 'e',
      ...first,
      ...(endpoint && { 'client.refresh-credentials-endpoint': endpoint }),
    }
    const renewal = { 'storage-credentials': [{ prefix: 's3://b', config: second }] }
    const { catalog, seen } = await open(
      [() => json(loaded(config)), () => json(renewal)],
      {},
      { ...CONFIG, endpoints },
    )
    const before = await catalog.loadStorage?.(ORDERS)
    assert.deepEqual(before, { location: 's3://b/t', properties: config })
    const { 's3.session-token-expires-at-ms': _, ...lasting } = config
    assert.deepEqual(await catalog.loadStorage?.(ORDERS, before), {
      location: 's3://b/t',
      properties: { ...lasting, ...second },
    })
    assert.equal(seen[2]?.url, `${URI}${asked}`)
    assert.equal(seen[2]?.headers.get('x-iceberg-access-delegation'), 'vended-credentials')
  }
})

test('without such a way, and where it leads nowhere, the table is loaded', async () => {
  const before = { location: 's3://b/t', properties: { 'client.refresh-credentials-endpoint': 'https://evil/x' } }
  const keys = { 's3.access-key-id': 'k' }
  const without = await open([() => json(loaded({}, keys))])
  assert.deepEqual((await without.catalog.loadStorage?.(ORDERS, before))?.properties, keys)
  for (const none of [failure(404, 'NotFoundException', 'no such path'), json({ 'storage-credentials': [] })]) {
    const { catalog, seen } = await open(
      [() => none, () => json(loaded({}, keys))],
      {},
      {
        ...CONFIG,
        endpoints: [TABLE_CREDENTIALS],
      },
    )
    assert.deepEqual((await catalog.loadStorage?.(ORDERS, { location: 's3://b/t', properties: {} }))?.properties, keys)
    assert.equal(seen.length, 3)
  }
})

test('what the server says of all storage lies below what it says of a table, and its defaults below the properties', async () => {
  const { catalog } = await open(
    [() => json(loaded({ 's3.endpoint': 'of table' }))],
    { 's3.region': 'mine' },
    {
      defaults: { 's3.region': 'default', 's3.path-style-access': 'true', 'some.other': 'x' },
      overrides: { 's3.endpoint': 'of all' },
    },
  )
  const { storageProperties } = await catalog.loadTable(ORDERS)
  assert.deepEqual(storageProperties, { 's3.path-style-access': 'true', 's3.endpoint': 'of table' })
})

test('nothing is asked for where the properties say so', async () => {
  for (const [given, sent] of [
    ['', null],
    ['remote-signing', 'remote-signing'],
  ] as const) {
    const { catalog, seen } = await open([() => json(LOADED)], { 'header.X-Iceberg-Access-Delegation': given })
    await catalog.loadTable(ORDERS)
    assert.equal(seen[1]?.headers.get('x-iceberg-access-delegation'), sent)
  }
})

test('an unchanged metadata location is confirmed by its entity tag', async () => {
  const { catalog, seen } = await open([
    () => json(LOADED, 200, { etag: '"1"' }),
    () => new Response(null, { status: 304 }),
    () => failure(404, 'NoSuchTableException', 'gone'),
  ])
  assert.equal(await catalog.findMetadataLocation(ORDERS), 's3://b/t/metadata/1.metadata.json')
  assert.equal(await catalog.findMetadataLocation(ORDERS), 's3://b/t/metadata/1.metadata.json')
  assert.equal(seen[2]?.headers.get('if-none-match'), '"1"')
  assert.equal(await catalog.findMetadataLocation(ORDERS), undefined)
})

test('a 404 from something that is no catalog is not taken for a missing table', async () => {
  const { catalog } = await open([() => new Response('<html>not here</html>', { status: 404 })])
  await assert.rejects(catalog.findMetadataLocation(ORDERS), (error) => isKind(error, 'not-found'))
})

const FAILURES: readonly [number, string, ErrorKind][] = [
  [400, 'BadRequestException', 'invalid-input'],
  [401, 'NotAuthorizedException', 'permission'],
  [403, 'ForbiddenException', 'permission'],
  [404, 'NoSuchTableException', 'not-found'],
  [406, 'UnsupportedOperationException', 'unsupported'],
  [419, 'AuthenticationTimeoutException', 'permission'],
  [422, 'UnprocessableEntityException', 'invalid-input'],
  [429, 'TooManyRequestsException', 'unavailable'],
  [500, 'InternalServerError', 'unavailable'],
  [501, 'NotImplementedException', 'unsupported'],
  [503, 'ServiceUnavailableException', 'unavailable'],
]

for (const [status, type, kind] of FAILURES) {
  test(`status ${status} is ${kind} and carries the server's words`, async () => {
    const { catalog } = await open([() => failure(status, type, 'because of the moon')])
    await assert.rejects(catalog.loadTable(ORDERS), (error) => {
      assert.ok(isKind(error, kind))
      assert.match(error.message, new RegExp(`GET ${URI}/v1/namespaces/sales/tables/orders answered ${status} ${type}`))
      assert.match(error.message, /because of the moon/)
      return true
    })
  })
}

test('the words of a gateway that is no catalog are carried, too', async () => {
  for (const name of ['message', 'Message']) {
    const { catalog } = await open([() => json({ [name]: 'Missing Authentication Token' }, 403)])
    await assert.rejects(catalog.loadTable(ORDERS), /answered 403: Missing Authentication Token$/)
  }
})

test('where the file of a committed table is counts, not where else it can be seen', async () => {
  const elsewhere = LOADED.replace('s3://b/t/metadata/1.metadata.json', 'http://host/snapshot/t?format=iceberg')
  const { catalog, seen } = await open([
    () => json(elsewhere),
    () => json(LOADED),
    () => json(elsewhere),
    () => failure(503, 'ServiceUnavailableException', 'later'),
  ])
  const outcome = await catalog.commitTable(ORDERS, COMMENT)
  const location = outcome.kind === 'committed' && outcome.table.metadataLocation
  assert.equal(location, 's3://b/t/metadata/1.metadata.json')
  assert.deepEqual(
    seen.slice(1).map(({ method }) => method),
    ['POST', 'GET'],
  )
  assert.equal((await catalog.commitTable(ORDERS, COMMENT)).kind, 'unknown')
})

test('partition fields of a new table have ids, given or not', async () => {
  const { catalog, seen } = await open([() => json(LOADED)])
  const field = (name: string) => ({ sourceIds: [2], name, transform: { kind: 'identity' } }) as const
  const fields = [field('a'), { ...field('b'), fieldId: 1004 }, field('c')]
  await catalog.createTable(ORDERS, { ...SALES_ORDERS_TABLE, partitionSpec: { fields } })
  const sent = JSON.parse(seen[1]?.body ?? '') as { 'partition-spec': { fields: { 'field-id': number }[] } }
  assert.deepEqual(
    sent['partition-spec'].fields.map((each) => each['field-id']),
    [1005, 1004, 1006],
  )
})

test('a rename that fails says of what', async () => {
  const { catalog } = await open([
    () => failure(404, 'NoSuchTableException', 'Table does not exist'),
    () => failure(404, 'NoSuchNamespaceException', 'Namespace does not exist'),
  ])
  const moved = { namespace: ['archive'], name: 'moved' }
  const names = /^sales\.orders was not renamed to archive\.moved: .* does not exist$/
  for (const entity of ['table', 'namespace']) {
    await assert.rejects(catalog.renameTable(ORDERS, moved), (error) => {
      assert.ok(isKind(error, 'not-found'))
      assert.equal(error.context['entity'], entity)
      assert.match(error.message, names)
      return true
    })
  }
})

test('a metadata file that is not there is not found where it was asked for, and a damage where a table needs it', async () => {
  const gone = () =>
    failure(404, 'NotFoundException', 'Failed to open input stream for file: s3://b/none.metadata.json')
  const { catalog } = await open([gone, gone])
  const register = catalog.registerTable(ORDERS, 's3://b/none.metadata.json')
  await assert.rejects(register, (error) => isKind(error, 'not-found') && /none\.metadata\.json/.test(error.message))
  await assert.rejects(catalog.loadTable(ORDERS), (error) => isKind(error, 'corrupt'))
})

test('what no path could name is refused, and not sent', async () => {
  const { catalog, seen } = await open(
    [],
    {},
    { ...VIEWS_AND_TRANSACTIONS, overrides: { 'namespace-separator': '%2E' } },
  )
  const dotted = { namespace: ['a.b'], name: 't' }
  const refused = (promise: Promise<unknown> | undefined) =>
    assert.rejects(promise ?? Promise.resolve(), (error) => isKind(error, 'unsupported') && /a\.b/.test(error.message))
  await refused(catalog.createNamespace(['a.b']))
  await refused(catalog.createTable(dotted, SALES_ORDERS_TABLE))
  await refused(catalog.renameTable(ORDERS, dotted))
  await refused(catalog.views?.renameView(ORDERS, dotted))
  await refused(catalog.commitTables?.([{ identifier: dotted, commit: COMMENT }]))
  assert.equal(seen.length, 1)
})

test('status 409 means what the request was about', async () => {
  const conflict = () => failure(409, 'AlreadyExistsException', 'taken')
  const { catalog } = await open(Array.from({ length: 5 }, () => conflict))
  await assert.rejects(catalog.createNamespace(['a']), (error) => isKind(error, 'already-exists'))
  await assert.rejects(catalog.createTable(ORDERS, SALES_ORDERS_TABLE), (error) => isKind(error, 'already-exists'))
  await assert.rejects(catalog.renameTable(ORDERS, ORDERS), (error) => isKind(error, 'already-exists'))
  await assert.rejects(catalog.dropNamespace(['a']), (error) => isKind(error, 'conflict'))
  const outcome = await catalog.commitTable(ORDERS, COMMENT)
  assert.match(outcome.kind === 'conflict' ? outcome.reason : outcome.kind, /taken/)
})

const UNKNOWN: readonly [string, Answer][] = [
  ['500', () => failure(500, 'CommitStateUnknownException', 'who knows')],
  ['502 from a proxy', () => new Response('<html>', { status: 502 })],
  ['503', () => failure(503, 'ServiceUnavailableException', 'later')],
  ['504', () => new Response(null, { status: 504 })],
  ['a connection that breaks', () => Promise.reject(new TypeError('fetch failed'))],
  ['an answer that breaks off', () => json(LOADED.slice(0, 50))],
  ['an answer without a table', () => json({})],
]

for (const [what, answer] of UNKNOWN) {
  test(`a commit answered by ${what} is unknown`, async () => {
    const { catalog } = await open([answer])
    assert.equal((await catalog.commitTable(ORDERS, COMMENT)).kind, 'unknown')
  })

  test(`a commit of a view answered by ${what} is unknown`, async () => {
    const { catalog } = await open([answer], {}, VIEWS_AND_TRANSACTIONS)
    const commit = { requirements: [], updates: [{ action: 'set-properties', updates: { comment: 'x' } }] } as const
    assert.equal((await must(catalog.views, 'views').commitView(ORDERS, commit)).kind, 'unknown')
  })
}

for (const [what, answer] of UNKNOWN) {
  test(`what was created, registered or renamed, and answered by ${what}, is said to be uncertain`, async () => {
    const { catalog } = await open([answer, answer], {}, VIEWS_AND_TRANSACTIONS)
    const uncertain = (done: string) => (error: unknown) =>
      isOutcomeUnknown(error) && new RegExp(`sales\\.orders may or may not have been ${done}`).test(String(error))
    await assert.rejects(catalog.createTable(ORDERS, SALES_ORDERS_TABLE), uncertain('created'))
    await assert.rejects(catalog.registerTable(ORDERS, 's3://b/x.metadata.json'), uncertain('registered'))
  })
}

test('a rename, a drop or a change of namespaces without an answer is said to be uncertain; a refusal is not', async () => {
  const lost: Answer = () => Promise.reject(new TypeError('fetch failed'))
  const changes = (catalog: Catalog) => [
    catalog.renameTable(ORDERS, { ...ORDERS, name: 'other' }),
    catalog.dropTable(ORDERS),
    catalog.createNamespace(['a']),
    catalog.dropNamespace(['a']),
    catalog.updateNamespace(['a'], { set: { k: 'v' }, remove: [] }),
  ]
  const { catalog } = await open(Array.from({ length: 5 }, () => lost))
  for (const change of changes(catalog)) await assert.rejects(change, isOutcomeUnknown)
  const refusing = await open(Array.from({ length: 5 }, () => () => failure(429, 'TooManyRequestsException', 'later')))
  for (const change of changes(refusing.catalog)) {
    await assert.rejects(change, (error) => isKind(error, 'unavailable') && !isOutcomeUnknown(error))
  }
})

for (const [what, answer] of [...UNKNOWN, ['404', () => failure(404, 'NoSuchTableException', 'gone')] as const]) {
  test(`commits to several tables are unknown if the load after their success is answered by ${what}`, async () => {
    const { catalog, seen } = await open(
      [() => new Response(null, { status: 204 }), answer],
      {},
      VIEWS_AND_TRANSACTIONS,
    )
    const outcome = await must(catalog.commitTables, 'transactions')([{ identifier: ORDERS, commit: COMMENT }])
    assert.equal(outcome.kind, 'unknown')
    assert.deepEqual(
      seen.slice(1).map(({ method }) => method),
      ['POST', 'GET'],
    )
  })
}

test('a commit without an answer in time is unknown, a load is a timeout', async () => {
  const hanging: Answer = () => new Promise(() => {})
  const { catalog, wakeAll, seen } = await open([hanging, hanging])
  const sent = async (count: number) => {
    while (seen.length < count) await new Promise((resolve) => setImmediate(resolve))
    wakeAll()
  }
  const commit = catalog.commitTable(ORDERS, COMMENT)
  await sent(2)
  assert.equal((await commit).kind, 'unknown')
  const load = catalog.loadTable(ORDERS)
  await sent(3)
  await assert.rejects(load, (error) => isKind(error, 'timeout'))
})

test('refusals of a commit that cannot have taken effect are thrown', async () => {
  for (const [status, kind] of [
    [400, 'invalid-input'],
    [403, 'permission'],
    [404, 'not-found'],
    [429, 'unavailable'],
  ] as const) {
    const { catalog } = await open([() => failure(status, 'Some', 'no')])
    await assert.rejects(catalog.commitTable(ORDERS, COMMENT), (error) => isKind(error, kind))
  }
})

test('a request that its caller gives up is aborted', async () => {
  const { catalog } = await open([])
  const giveUp = AbortSignal.abort()
  await assert.rejects(catalog.loadTable(ORDERS, giveUp), (error) => isKind(error, 'aborted'))
})

test('a server that wants to be left alone for long is, and the failure says how long', async () => {
  const later = () => json({}, 503, { 'retry-after': '3600' })
  const { catalog, seen } = await open([later], { 'rest.client.max-retries': '5' })
  await assert.rejects(catalog.loadTable(ORDERS), /answered 503; it asks to be left alone for 3600 s/)
  assert.equal(seen.length, 2)
})

test('a redirect is not followed, and says where the setting is', async () => {
  const { catalog } = await open([() => new Response(null, { status: 307, headers: { location: 'https://evil/' } })])
  await assert.rejects(catalog.loadTable(ORDERS), /set the uri of the catalog/)
})

test('settings that cannot work are refused by name', async () => {
  for (const [properties, message] of [
    [{ uri: 'host:8181' }, /property uri/],
    [
      { 'rest.sigv4-enabled': 'true', 'client.assume-role.arn': 'arn', 'client.assume-role.timeout-sec': '1' },
      /timeout-sec/,
    ],
    [{ 'rest.auth.type': 'basic' }, /rest\.auth\.basic\.username/],
    [{ 'rest.client.max-retries': 'many' }, /rest\.client\.max-retries/],
    [{ credential: 'a:b', 'oauth2-server-uri': 'ftp://idp' }, /oauth2-server-uri/],
    [{ 'rest.auth.type': 'google' }, /google/],
    [{ 'namespace-separator': '%' }, /namespace-separator/],
  ] as const) {
    await assert.rejects(open([], properties), message)
  }
})

test('errors and settings show no secret', async () => {
  const properties = { token: 'sesame', 'header.x-key': 'sesame2' }
  const { catalog } = await open([() => failure(500, 'InternalServerError', 'oops')], properties)
  const error: unknown = await catalog.loadTable(ORDERS).catch((cause: unknown) => cause)
  assert.ok(!describeError(error).includes('sesame'))
})

function rejectedOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
}
