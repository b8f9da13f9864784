import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { Idempotency } from './idempotency.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

// Requests that are wrong on purpose. Each is answered by a typed error that names what is wrong, and leaves the catalog, and
// that of the neighbour, byte for byte as they were.

const LAKE = '/v1/catalogs/lake'
const NAMESPACES = `${LAKE}/namespaces`
const TABLES = `${NAMESPACES}/sales/tables`
const ORDERS = `${TABLES}/orders`
const VIEWS = `${NAMESPACES}/sales/views`
const SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: true, type: 'long' }],
}
const VIEW = {
  name: 'v',
  schema: SCHEMA,
  'view-version': {
    'version-id': 1,
    'timestamp-ms': 1,
    'schema-id': 0,
    summary: {},
    representations: [{ type: 'sql', sql: 'select 1 id', dialect: 'spark' }],
    'default-namespace': ['sales'],
  },
  properties: {},
}

type Asked = { readonly method?: 'GET' | 'POST' | 'HEAD' | 'DELETE'; readonly key?: string; readonly type?: string }

/** Two catalogs of one service, with a table, a view and a neighbour's table. */
async function world() {
  const { pointers, drops } = memoryCatalogs(['lake', 'other'])
  const io = memoryFileIO()
  const open = (name: string) =>
    internalCatalog({
      name,
      warehouse: `s3://b/${name}`,
      pointers,
      drops: { pointers: drops, retentionMs: 1e9 },
      io,
      clock: systemClock,
      random: seededRandom(7),
      onLeftover: (error) => assert.fail(String(error)),
    })
  const catalogs = { lake: open('lake'), other: open('other') }
  const server = await serveIcebergRest({
    findCatalog: findAmong({
      lake: buildOpened(catalogs.lake, { io }),
      other: buildOpened(catalogs.other, { io }),
    }),
    idempotency: new Idempotency(memoryAnsweredRequests(), systemClock, (error) => assert.fail(String(error))),
  })
  const ask = async (url: string, body?: unknown, { method, key, type = 'application/json' }: Asked = {}) => {
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : formatExactJson(body)
    const answer = await server.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url,
      headers: {
        ...(body !== undefined && { 'content-type': type }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { payload }),
    })
    return { status: answer.statusCode, text: answer.body }
  }
  for (const name of ['lake', 'other']) {
    const at = `/v1/catalogs/${name}/namespaces`
    assert.equal((await ask(at, { namespace: ['sales'], properties: { owner: 'me' } })).status, 200)
    for (const table of ['orders', 'lines']) {
      assert.equal((await ask(`${at}/sales/tables`, { name: table, schema: SCHEMA })).status, 200)
    }
    assert.equal((await ask(`${at}/sales/views`, VIEW)).status, 200)
  }
  const state = async () => {
    const lists = Object.keys(catalogs).flatMap((name) =>
      (['table', 'view'] as const).map((kind) => pointers.listPointers(name, ['sales'], kind, { limit: 1000 })),
    )
    const names = Object.keys(catalogs).map((name) => pointers.listNamespaces(name, [], { limit: 1000 }))
    const properties = Object.keys(catalogs).map((name) => pointers.findNamespace(name, ['sales']))
    const files = io
      .locations()
      .map(async (location) => [location, Buffer.from(await io.read(location)).toString('hex')])
    return Promise.all([lists, names, properties, files].map((each) => Promise.all(each as Promise<unknown>[])))
  }
  return { ask, state, io }
}

const { ask, state, io } = await world()

type Refusal = { readonly status: number; readonly type: string; readonly says: RegExp }
const BAD = { status: 400, type: 'BadRequestException' } as const
const ILLEGAL = { status: 400, type: 'IllegalArgumentException' } as const
const FAILED = { status: 409, type: 'CommitFailedException' } as const

async function refused(what: string, request: Promise<{ status: number; text: string }>, expected: Refusal) {
  const { status, text } = await request
  const { error } = (text === '' ? {} : parseExactJson(text, what)) as { error?: JsonObject }
  assert.deepEqual(
    [status, error?.['code'], error?.['type']],
    [expected.status, expected.status, expected.type],
    `${what}: ${text.slice(0, 500)}`,
  )
  assert.match(String(error?.['message']), expected.says, what)
}

/** A test of requests that are all refused. */
function refusals(
  what: string,
  cases: readonly (readonly [path: string, body: unknown, refusal: Refusal, asked?: Asked])[],
): void {
  test(what, async () => {
    const before = await state()
    for (const [path, body, refusal, asked] of cases) {
      const shown = typeof body === 'string' ? body.slice(0, 200) : formatExactJson(body)?.slice(0, 200)
      await refused(`${path} ${shown}`, ask(path, body, asked), refusal)
      assert.deepEqual(await state(), before, `${path} ${shown} changed something`)
    }
  })
}

const commit = (updates: unknown, requirements: unknown = []) => ({ requirements, updates })
const set = (updates: unknown) => commit([{ action: 'set-properties', updates }])
const POSTS = [
  NAMESPACES,
  TABLES,
  ORDERS,
  VIEWS,
  `${VIEWS}/v`,
  `${LAKE}/transactions/commit`,
  `${LAKE}/tables/rename`,
  `${LAKE}/views/rename`,
  `${NAMESPACES}/sales/register`,
  `${NAMESPACES}/sales/register-view`,
  `${NAMESPACES}/sales/properties`,
]

refusals(
  'what is no JSON, or JSON of another kind, is refused everywhere',
  POSTS.flatMap((path) =>
    (
      [
        ['', /no JSON body/],
        ['{', /not valid JSON/],
        ['{"a":NaN}', /not valid JSON/],
        ['{"a":Infinity}', /not valid JSON/],
        ["{'a':1}", /not valid JSON/],
        ['{"a":1}}', /not valid JSON/],
        ['{"a":1,}', /not valid JSON/],
        ['{"a":01}', /not valid JSON/],
        ['\u0000', /not valid JSON/],
        ['['.repeat(100_000), /not valid JSON/],
        ['['.repeat(100_000) + ']'.repeat(100_000), /nested deeper than 256 levels/],
        [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, /nested deeper than 256 levels/],
        ...['null', '[]', '1', '"x"', 'true'].map(
          (text) => [text, /request body: .*is not an object|no JSON body/] as const,
        ),
        ['{}', /is missing|nothing/],
      ] as const
    )
      .filter(([text]) => text !== '{}' || !path.endsWith('/properties'))
      .map(([text, says]) => [path, text, { ...BAD, says }] as const),
  ),
)

refusals('wrong types are refused by the place at which they stand', [
  [NAMESPACES, { namespace: 'sales' }, { ...BAD, says: /namespace is not a list/ }],
  [NAMESPACES, { namespace: [1] }, { ...BAD, says: /namespace\[0\] is not text/ }],
  [NAMESPACES, { namespace: ['x'], properties: { a: 1 } }, { ...BAD, says: /properties\.a is not text/ }],
  [NAMESPACES, { namespace: ['x'], properties: ['a'] }, { ...BAD, says: /properties is not an object/ }],
  [`${NAMESPACES}/sales/properties`, { updates: { a: null } }, { ...BAD, says: /updates\.a is not text/ }],
  [`${NAMESPACES}/sales/properties`, { removals: 'owner' }, { ...BAD, says: /removals is not a list/ }],
  [TABLES, { name: 7, schema: SCHEMA }, { ...BAD, says: /name is not text/ }],
  [TABLES, { name: 't', schema: [] }, { ...BAD, says: /schema is not an object/ }],
  [TABLES, { name: 't', schema: { ...SCHEMA, fields: {} } }, { ...BAD, says: /schema\.fields/ }],
  [TABLES, { name: 't', schema: SCHEMA, 'stage-create': 'yes' }, { ...BAD, says: /stage-create is neither/ }],
  [TABLES, { name: 't', schema: SCHEMA, location: 1 }, { ...BAD, says: /location is not text/ }],
  [ORDERS, commit({}), { ...BAD, says: /updates is not a list/ }],
  [ORDERS, commit([1]), { ...BAD, says: /updates\[0\] is not an object/ }],
  [ORDERS, commit([{}]), { ...BAD, says: /updates\[0\]\.action is missing/ }],
  [ORDERS, commit([{ action: ['fly'] }]), { ...BAD, says: /updates\[0\]\.action is not text/ }],
  [ORDERS, commit([], [{ type: 1 }]), { ...BAD, says: /requirements\[0\]\.type is not text/ }],
  [ORDERS, commit([{ action: 'fly-to-moon' }]), { ...BAD, says: /updates\[0\]\.action is fly-to-moon/ }],
  [ORDERS, commit([{ action: '__proto__' }]), { ...BAD, says: /updates\[0\]\.action is __proto__/ }],
  [ORDERS, commit([{ action: 'constructor' }]), { ...BAD, says: /updates\[0\]\.action is constructor/ }],
  [ORDERS, commit([], [{ type: 'assert-moon' }]), { ...BAD, says: /requirements\[0\]\.type is assert-moon/ }],
  [ORDERS, commit([], [{ type: 'toString' }]), { ...BAD, says: /requirements\[0\]\.type/ }],
  [ORDERS, set({ a: 1 }), { ...BAD, says: /updates\[0\]\.updates\.a is not text/ }],
  [`${VIEWS}/v`, commit([{ action: 'fly' }]), { ...BAD, says: /updates\[0\]/ }],
  [`${LAKE}/tables/rename`, { source: 'orders', destination: 'x' }, { ...BAD, says: /source is not an object/ }],
  [`${LAKE}/transactions/commit`, { 'table-changes': {} }, { ...BAD, says: /table-changes is not a list/ }],
  [
    TABLES,
    'name=t',
    { status: 415, type: 'BadRequestException', says: /bodies of type text\/csv are not read; send JSON/ },
    { type: 'text/csv' },
  ],
])

const POISONED = { ...BAD, says: /has a key (__proto__|constructor with a prototype); no such key is taken there/ }
refusals('keys that would make another object of one', [
  [NAMESPACES, '{"namespace":["p"],"__proto__":{"x":1}}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"\\u005f_proto__":"x"}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"constructor":{"prototype":{"x":1}}}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"properties":{"__proto__":{"x":"y"}}}', POISONED],
  [ORDERS, '{"requirements":[],"updates":[{"__proto__":"x","action":"set-properties","updates":{}}]}', POISONED],
])

test('in properties they are keys like any other, and kept', async () => {
  const { ask } = await world()
  const properties = '{"__proto__":"a","constructor":"b"}'
  const made = await ask(NAMESPACES, `{"namespace":["odd"],"properties":${properties}}`)
  assert.equal(made.status, 200, made.text)
  assert.ok(made.text.includes('"__proto__":"a","constructor":"b"'), made.text)
  assert.ok((await ask(`${NAMESPACES}/odd`)).text.includes('"__proto__":"a","constructor":"b"'))
  const set = await ask(ORDERS, `{"requirements":[],"updates":[{"action":"set-properties","updates":${properties}}]}`)
  assert.equal(set.status, 200, set.text)
  assert.match((await ask(ORDERS)).text, /"__proto__":"a","constructor":"b"/)
})

const REF = '"action":"set-snapshot-ref","ref-name":"main","type":"branch"'
const ids = (number: string) => `{"requirements":[],"updates":[{${REF},"snapshot-id":${number}}]}`
refusals('numbers are 64 bits, exactly', [
  [ORDERS, ids('9223372036854775808'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids('-9223372036854775809'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids(`1${'0'.repeat(5000)}`), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids('1e400'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids('1.5'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids('"1"'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [ORDERS, ids('9007199254740993'), { ...FAILED, says: /unknown snapshot 9007199254740993/ }],
  [ORDERS, ids('9223372036854775807'), { ...FAILED, says: /unknown snapshot 9223372036854775807/ }],
  [ORDERS, commit([{ action: 'upgrade-format-version', 'format-version': 1e20 }]), { ...BAD, says: /format-version/ }],
  [
    ORDERS,
    commit([{ action: 'upgrade-format-version', 'format-version': 99 }]),
    { status: 406, type: 'UnsupportedOperationException', says: /format version 99/ },
  ],
  [
    ORDERS,
    commit([{ action: 'set-current-schema', 'schema-id': 2 ** 31 }]),
    { ...BAD, says: /schema-id is not an integer of 32 bits/ },
  ],
  [ORDERS, commit([{ action: 'set-current-schema', 'schema-id': 9 }]), { ...ILLEGAL, says: /schema 9/ }],
])

refusals('a commit that would take the service seconds is refused', [
  [
    ORDERS,
    commit(Array.from({ length: 1_001 }, () => ({ action: 'add-schema', schema: SCHEMA }))),
    { ...BAD, says: /updates has 1001 about schemas, specs and orders.*make several commits/ },
  ],
  [
    `${VIEWS}/v`,
    commit(Array.from({ length: 101 }, () => ({ action: 'set-properties', updates: { a: 'b' } }))),
    { ...BAD, says: /updates has 101, more than 100; make several commits/ },
  ],
])

refusals('requirements that lie change nothing, in no table of a transaction', [
  [
    ORDERS,
    commit([{ action: 'set-properties', updates: { a: 'b' } }], [{ type: 'assert-create' }]),
    { ...FAILED, says: /exists/ },
  ],
  ...(
    [
      [{ type: 'assert-table-uuid', uuid: '00000000-0000-0000-0000-000000000000' }, /uuid/i],
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 5 }, /main/],
      [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 9 }, /field/],
      [{ type: 'assert-current-schema-id', 'current-schema-id': 9 }, /schema/],
      [{ type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 5 }, /partition/],
      [{ type: 'assert-default-spec-id', 'default-spec-id': 9 }, /spec/],
      [{ type: 'assert-default-sort-order-id', 'default-sort-order-id': 9 }, /sort order/],
    ] as const
  ).flatMap(([requirement, says]) => {
    const updates = [{ action: 'set-properties', updates: { a: 'b' } }]
    const change = (name: string, requirements: readonly unknown[]) => ({
      identifier: { namespace: ['sales'], name },
      requirements,
      updates,
    })
    return [
      [ORDERS, commit(updates, [requirement]), { ...FAILED, says }],
      [
        `${LAKE}/transactions/commit`,
        { 'table-changes': [change('lines', []), change('orders', [requirement])] },
        { ...FAILED, says },
      ],
    ] as const
  }),
  [
    `${LAKE}/transactions/commit`,
    {
      'table-changes': ['lines', 'lines'].map((name) => ({
        identifier: { namespace: ['sales'], name },
        ...set({ a: 'b' }),
      })),
    },
    { ...ILLEGAL, says: /sales\.lines is in the transaction more than once/ },
  ],
  [
    `${LAKE}/transactions/commit`,
    {
      'table-changes': ['lines', 'none'].map((name) => ({
        identifier: { namespace: ['sales'], name },
        ...set({ a: 'b' }),
      })),
    },
    { status: 404, type: 'NoSuchTableException', says: /sales\.none/ },
  ],
])

const PLACES: readonly (readonly [location: string, says: RegExp])[] = [
  ['s3://b/elsewhere/t', /"s3:\/\/b\/elsewhere\/t" is outside of the warehouse s3:\/\/b\/lake/],
  ['s3://b/lake2/t', /outside/],
  ['s3://c/lake/t', /outside/],
  ['gs://b/lake/t', /outside/],
  ['file:///etc', /outside/],
  ['/etc', /outside/],
  ['s3://b/lake/../other/t', /without \. and \.\. segments/],
  ['s3://b/lake/%2e%2E/other', /"%2e", which engines read differently/],
  ['s3://b/lake/sales/orders', /that of another table/],
  ['s3a://b/lake/sales/orders/', /another table/],
  ['s3://b/lake/sales/orders/data', /another table/],
  ['s3://b/lake/sales', /another table/],
  ['s3://b/other/sales/orders', /outside/],
  ['s3://b/lake', /the warehouse itself/],
  ['lake/t', /neither an absolute path nor a URI/],
]
refusals(
  'nothing is put outside of the warehouse, nor in or around another table',
  PLACES.flatMap(([location, says]) => {
    const expected = { ...ILLEGAL, says }
    const moved = commit([{ action: 'set-location', location }])
    const isMovable = !/orders/.test(location)
    return [
      [TABLES, { name: 't', schema: SCHEMA, location }, expected],
      [TABLES, { name: 't', schema: SCHEMA, location, 'stage-create': true }, expected],
      [VIEWS, { ...VIEW, name: 'w', location }, expected],
      ...(isMovable
        ? ([
            [
              `${TABLES}/lines`,
              moved,
              { ...ILLEGAL, says: location === 's3://b/lake/sales' ? /around that of the table/ : says },
            ],
            [
              `${LAKE}/transactions/commit`,
              {
                'table-changes': [
                  { identifier: { namespace: ['sales'], name: 'orders' }, ...set({ a: 'b' }) },
                  { identifier: { namespace: ['sales'], name: 'lines' }, ...moved },
                ],
              },
              { ...ILLEGAL, says: location === 's3://b/lake/sales' ? /around that of the table/ : says },
            ],
          ] as const)
        : []),
      ...(/outside|segments|engines/.test(says.source)
        ? ([
            [`${TABLES}/lines`, set({ 'write.data.path': location }), { ...ILLEGAL, says: /^write\.data\.path: / }],
            [
              `${TABLES}/lines`,
              set({ 'write.object-storage.path': location }),
              { ...ILLEGAL, says: /^write\.object-st/ },
            ],
            [
              `${TABLES}/lines`,
              set({ 'write.metadata.path': location }),
              { ...ILLEGAL, says: /^write\.metadata\.path: / },
            ],
            [
              TABLES,
              { name: 't', schema: SCHEMA, properties: { 'write.data.path': location } },
              { ...ILLEGAL, says: /^write/ },
            ],
            [NAMESPACES, { namespace: ['n'], properties: { location } }, expected],
            [`${NAMESPACES}/sales/properties`, { updates: { location } }, expected],
            [
              `${NAMESPACES}/sales/register`,
              { name: 't', 'metadata-location': location },
              { ...ILLEGAL, says: /^metadata-location: / },
            ],
            [
              `${NAMESPACES}/sales/register-view`,
              { name: 't', 'metadata-location': location },
              { ...ILLEGAL, says: /^metadata-location: / },
            ],
          ] as const)
        : []),
    ] as const
  }),
)

test('a body that is not UTF-8 is refused, and says nothing else than was sent', async () => {
  const before = await state()
  for (const path of POSTS) {
    for (const wrong of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80]]) {
      const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from(wrong), Buffer.from('"}')])
      await refused(path, ask(path, body), { ...BAD, says: /the request body is not UTF-8/ })
    }
  }
  assert.deepEqual(await state(), before)
})

test('a file that is no metadata is the mistake of whoever registers it', async () => {
  const location = 's3://b/lake/sales/x/metadata/v1.metadata.json'
  for (const content of ['', 'PAR1', '{}', '{"format-version":1}', '\u001f\u008b', '[]']) {
    await io.write(location, Buffer.from(content, 'latin1'), { isUnreferenced: true })
    const before = await state()
    for (const what of ['register', 'register-view']) {
      const body = { name: 'new', 'metadata-location': location }
      await refused(`${what} ${content}`, ask(`${NAMESPACES}/sales/${what}`, body), {
        ...ILLEGAL,
        says: /v1\.metadata\.json/,
      })
    }
    assert.deepEqual(await state(), before)
    await io.remove([location])
  }
})

test('a metadata file in the warehouse of a table outside of it, or of one that is there, cannot be registered', async () => {
  const { text } = await ask(ORDERS)
  const { metadata, 'metadata-location': location } = parseExactJson(text, 'table') as JsonObject
  const before = await state()
  const twin = { name: 'twin', 'metadata-location': location }
  await refused('twin', ask(`${NAMESPACES}/sales/register`, twin), { ...ILLEGAL, says: /that of another table/ })
  assert.deepEqual(await state(), before)
  const outside = formatExactJson({ ...(metadata as JsonObject), location: 's3://c/t' })
  await io.write('s3://b/lake/x/v1.metadata.json', Buffer.from(outside))
  const withFile = await state()
  const foreign = { name: 'foreign', 'metadata-location': 's3://b/lake/x/v1.metadata.json' }
  await refused('foreign', ask(`${NAMESPACES}/sales/register`, foreign), {
    ...ILLEGAL,
    says: /"s3:\/\/c\/t" is outside/,
  })
  assert.deepEqual(await state(), withFile)
})

refusals('paths, pages and queries that make no sense', [
  [`${NAMESPACES}/sales%1F`, undefined, { ...ILLEGAL, says: /"" cannot be a namespace level/ }],
  [`${NAMESPACES}/sales/tables/%00`, undefined, { ...ILLEGAL, says: /control characters/ }],
  [`${NAMESPACES}/${'n'.repeat(256)}`, undefined, { ...ILLEGAL, says: /longer than 255 bytes/ }],
  [`${LAKE}x/namespaces`, undefined, { status: 404, type: 'NoSuchWarehouseException', says: /lakex/ }],
  [
    '/v1/catalogs/__proto__/namespaces',
    undefined,
    { status: 404, type: 'NoSuchWarehouseException', says: /__proto__/ },
  ],
  [
    ORDERS,
    undefined,
    { status: 404, type: 'NotFoundException', says: /no such endpoint: PUT/ },
    { method: 'PUT' as 'POST' },
  ],
])

test('a key that was used for another request is refused, whatever differs', async () => {
  const key = '01234567-89ab-4def-8123-456789abcdef'
  assert.equal((await ask(ORDERS, set({ first: '1' }), { key })).status, 200)
  const before = await state()
  const reused = { status: 422, type: 'UnprocessableEntityException', says: /used for another request/ }
  await refused('other body', ask(ORDERS, set({ first: '2' }), { key }), reused)
  await refused('other table', ask(`${TABLES}/lines`, set({ first: '1' }), { key }), reused)
  await refused('other query', ask(`${ORDERS}?purgeRequested=true`, undefined, { key, method: 'DELETE' }), reused)
  await refused('no key', ask(ORDERS, set({ x: 'y' }), { key: 'mine' }), { ...BAD, says: /"mine" is no UUID/ })
  assert.equal((await ask(ORDERS, set({ first: '1' }), { key: key.toUpperCase() })).status, 200)
  assert.deepEqual(await state(), before)
})

test('a body beyond the limit is refused before it is read, one of megabytes is taken', async () => {
  const before = await state()
  const huge = Buffer.alloc(64 * 1024 * 1024 + 1, ' ')
  await refused('huge', ask(ORDERS, huge), { status: 413, type: 'BadRequestException', says: /too large/i })
  assert.deepEqual(await state(), before)
  const many = commit(
    Array.from({ length: 5_000 }, (_, at) => ({ action: 'set-properties', updates: { [`p${at}`]: 'x'.repeat(100) } })),
  )
  assert.equal((await ask(`${TABLES}/lines`, many)).status, 200)
})

test('names that JavaScript has for itself are kept as data', async () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']
  const properties = `{${keys.map((key) => `"${key}":"v-${key}"`).join(',')}}`
  const propertiesOf = async (url: string, at: string) => {
    const loaded = parseExactJson((await ask(url)).text, url) as JsonObject
    const found = (at === '' ? loaded : (loaded[at] as JsonObject))['properties'] as JsonObject
    return keys.map((key) => (Object.hasOwn(found, key) ? found[key] : undefined))
  }
  const wanted = keys.map((key) => `v-${key}`)
  assert.equal((await ask(NAMESPACES, `{"namespace":["own"],"properties":${properties}}`)).status, 200)
  assert.deepEqual(await propertiesOf(`${NAMESPACES}/own`, ''), wanted)
  const created = await ask(
    `${NAMESPACES}/own/tables`,
    `{"name":"t","schema":${JSON.stringify(SCHEMA)},"properties":${properties}}`,
  )
  assert.equal(created.status, 200, created.text)
  assert.deepEqual(await propertiesOf(`${NAMESPACES}/own/tables/t`, 'metadata'), wanted)
  const update = `{"requirements":[],"updates":[{"action":"set-properties","updates":${properties.replaceAll('v-', 'w-')}}]}`
  assert.equal((await ask(`${NAMESPACES}/own/tables/t`, update)).status, 200)
  assert.deepEqual(
    await propertiesOf(`${NAMESPACES}/own/tables/t`, 'metadata'),
    keys.map((key) => `w-${key}`),
  )
  const removal = commit([{ action: 'remove-properties', removals: ['__proto__', 'constructor'] }])
  assert.equal((await ask(`${NAMESPACES}/own/tables/t`, removal)).status, 200)
  assert.deepEqual((await propertiesOf(`${NAMESPACES}/own/tables/t`, 'metadata')).slice(0, 3), [
    undefined,
    undefined,
    'w-toString',
  ])
  const change = `{"removals":["constructor"],"updates":{"__proto__":"z"}}`
  const answer = await ask(`${NAMESPACES}/own/properties`, change)
  assert.deepEqual(JSON.parse(answer.text), { updated: ['__proto__'], removed: ['constructor'], missing: [] })
  assert.deepEqual((await propertiesOf(`${NAMESPACES}/own`, '')).slice(0, 2), ['z', undefined])
})

const GOOD_NAMES = [
  'a/b',
  'a.b',
  'a%2Fb',
  'a%1Fb',
  '%',
  'x'.repeat(255),
  `${'é'.repeat(127)}x`,
  'é',
  'e\u0301',
  '表',
  '😀',
  ' lead',
  'trail ',
  "quo'te",
  'dou"ble',
  '__proto__',
  'constructor',
  'CON',
  'a\\b',
  'a?b#c',
  '\u202e',
  '-1',
  '*',
  '...',
  '.hidden',
  'register',
  'rename',
]
const BAD_NAMES: readonly (readonly [name: string, says: RegExp])[] = [
  ['', /"" cannot be a/],
  ['.', /"\." cannot be a/],
  ['..', /"\.\." cannot be a/],
  ['a\u001fb', /control characters/],
  ['a\u0000', /control characters/],
  ['a\nb', /control characters/],
  ['a\u0085b', /control characters/],
  ['x'.repeat(256), /longer than 255 bytes/],
  ['é'.repeat(128), /longer than 255 bytes/],
  ['\ud800', /control characters|well-formed/],
]

refusals(
  'names that no catalog holds are refused wherever a name is given',
  BAD_NAMES.flatMap(([name, says]) => {
    const expected = { ...ILLEGAL, says }
    const orders = { namespace: ['sales'], name: 'orders' }
    return [
      [TABLES, { name, schema: SCHEMA }, expected],
      [VIEWS, { ...VIEW, name }, expected],
      [NAMESPACES, { namespace: [name] }, expected],
      [NAMESPACES, { namespace: ['sales', name] }, expected],
      [`${LAKE}/tables/rename`, { source: orders, destination: { ...orders, name } }, expected],
      [`${LAKE}/tables/rename`, { source: orders, destination: { ...orders, namespace: [name] } }, expected],
    ] as const
  }),
)

for (const name of GOOD_NAMES) {
  test(`a table, a view and a namespace may be called ${JSON.stringify(name.slice(0, 20))}`, async () => {
    const before = await state()
    const one = encodeURIComponent(name)
    for (const [all, body, list] of [
      [TABLES, { name, schema: SCHEMA }, 'identifiers'],
      [VIEWS, { ...VIEW, name }, 'identifiers'],
    ] as const) {
      const created = await ask(all, body)
      assert.equal(created.status, 200, created.text)
      const listed = parseExactJson((await ask(all)).text, 'list') as JsonObject
      assert.equal((listed[list] as JsonObject[]).filter((each) => each['name'] === name).length, 1)
      assert.equal((await ask(`${all}/${one}`, undefined, { method: 'HEAD' })).status, 204)
      assert.equal((await ask(`${all}/${one}`)).text, created.text)
      assert.equal((await ask(`${all}/${one}`, set({ a: 'b' }))).status, 200)
      assert.equal((await ask(`${all}/${one}`, undefined, { method: 'DELETE' })).status, 204)
      assert.equal((await ask(`${all}/${one}`, undefined, { method: 'HEAD' })).status, 404)
    }
    const within = [name, 'sub']
    for (const namespace of [[name], within]) assert.equal((await ask(NAMESPACES, { namespace })).status, 200)
    const loaded = parseExactJson((await ask(`${NAMESPACES}/${one}%1Fsub`)).text, 'namespace') as JsonObject
    assert.deepEqual(loaded['namespace'], within)
    const children = parseExactJson((await ask(`${NAMESPACES}?parent=${one}`)).text, 'list') as JsonObject
    assert.deepEqual(children['namespaces'], [within])
    for (const path of [`${one}%1Fsub`, one]) {
      assert.equal((await ask(`${NAMESPACES}/${path}`, undefined, { method: 'DELETE' })).status, 204)
    }
    assert.deepEqual((await state()).slice(0, 3), before.slice(0, 3))
  })
}

test('of a key that is given twice the last counts, as JSON has it', async () => {
  const body = `{"name":"first","name":"second","schema":${JSON.stringify(SCHEMA)}}`
  assert.equal((await ask(TABLES, body)).status, 200)
  assert.equal((await ask(`${TABLES}/first`, undefined, { method: 'HEAD' })).status, 404)
  assert.equal((await ask(`${TABLES}/second`, undefined, { method: 'DELETE' })).status, 204)
})
