import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import {
  commit,
  ID_SCHEMA,
  ILLEGAL,
  LAKE,
  NAMESPACES,
  refusals,
  refused,
  SALES_ORDERS,
  settingProperties,
  startTwoCatalogs,
  TABLES,
  VIEW,
  VIEWS,
} from './testing/refusals.ts'

const catalogs = await startTwoCatalogs()
const { ask, io, state } = catalogs

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
  catalogs,
  'nothing is put outside of the warehouse, nor in or around another table',
  PLACES.flatMap(([location, says]) => {
    const expected = { ...ILLEGAL, says }
    const moved = commit([{ action: 'set-location', location }])
    const isMovable = !/orders/.test(location)
    return [
      [TABLES, { name: 't', schema: ID_SCHEMA, location }, expected],
      [TABLES, { name: 't', schema: ID_SCHEMA, location, 'stage-create': true }, expected],
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
                  { identifier: { namespace: ['sales'], name: 'orders' }, ...settingProperties({ a: 'b' }) },
                  { identifier: { namespace: ['sales'], name: 'lines' }, ...moved },
                ],
              },
              { ...ILLEGAL, says: location === 's3://b/lake/sales' ? /around that of the table/ : says },
            ],
          ] as const)
        : []),
      ...(/outside|segments|engines/.test(says.source)
        ? ([
            [
              `${TABLES}/lines`,
              settingProperties({ 'write.data.path': location }),
              { ...ILLEGAL, says: /^write\.data\.path: / },
            ],
            [
              `${TABLES}/lines`,
              settingProperties({ 'write.object-storage.path': location }),
              { ...ILLEGAL, says: /^write\.object-st/ },
            ],
            [
              `${TABLES}/lines`,
              settingProperties({ 'write.metadata.path': location }),
              { ...ILLEGAL, says: /^write\.metadata\.path: / },
            ],
            [
              TABLES,
              { name: 't', schema: ID_SCHEMA, properties: { 'write.data.path': location } },
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
  const { text } = await ask(SALES_ORDERS)
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
