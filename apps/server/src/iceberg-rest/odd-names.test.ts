import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import {
  commit,
  ID_SCHEMA,
  ILLEGAL,
  LAKE,
  NAMESPACES,
  refusals,
  SALES_ORDERS,
  settingProperties,
  startTwoCatalogs,
  TABLES,
  VIEW,
  VIEWS,
} from './testing/refusals.ts'

const catalogs = await startTwoCatalogs()
const { ask, state } = catalogs

refusals(catalogs, 'paths, pages and queries that make no sense', [
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
    SALES_ORDERS,
    undefined,
    { status: 404, type: 'NotFoundException', says: /no such endpoint: PUT/ },
    { method: 'PUT' as 'POST' },
  ],
])

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
    `{"name":"t","schema":${JSON.stringify(ID_SCHEMA)},"properties":${properties}}`,
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
  catalogs,
  'names that no catalog holds are refused wherever a name is given',
  BAD_NAMES.flatMap(([name, says]) => {
    const expected = { ...ILLEGAL, says }
    const orders = { namespace: ['sales'], name: 'orders' }
    return [
      [TABLES, { name, schema: ID_SCHEMA }, expected],
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
      [TABLES, { name, schema: ID_SCHEMA }, 'identifiers'],
      [VIEWS, { ...VIEW, name }, 'identifiers'],
    ] as const) {
      const created = await ask(all, body)
      assert.equal(created.status, 200, created.text)
      const listed = parseExactJson((await ask(all)).text, 'list') as JsonObject
      assert.equal((listed[list] as JsonObject[]).filter((each) => each['name'] === name).length, 1)
      assert.equal((await ask(`${all}/${one}`, undefined, { method: 'HEAD' })).status, 204)
      assert.equal((await ask(`${all}/${one}`)).text, created.text)
      assert.equal((await ask(`${all}/${one}`, settingProperties({ a: 'b' }))).status, 200)
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
