import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { type CatalogOptions, catalogPlace } from './catalog-place.ts'

const SECRET = 'hunter2'
const place = (options: CatalogOptions) => {
  const found = catalogPlace(options)
  assert.ok(found !== undefined)
  return found
}

test('a catalog of the service is reached through it, signed in as to it', () => {
  const service = { server: 'http://h:1', credentials: { kind: 'none' } } as const
  const at = { uri: 'http://h:1/api/iceberg/rest', warehouse: 'lake' }
  const none = place({ catalog: 'lake', service, token: SECRET })
  assert.deepEqual([none.type, none.name, none.properties], ['rest', 'lake', { ...at, 'rest.auth.type': 'none' }])
  const bearer = place({ catalog: 'lake', service: { ...service, credentials: { kind: 'bearer', token: 't' } } })
  assert.deepEqual(bearer.properties, { ...at, 'rest.auth.type': 'oauth2', token: 't' })
  const credentials = { kind: 'basic', user: 'ann', password: 'p' } as const
  const basic = place({ catalog: 'lake', service: { ...service, credentials }, properties: { 'header.x': 'y' } })
  assert.deepEqual(basic.properties, {
    ...at,
    'header.x': 'y',
    'rest.auth.type': 'basic',
    'rest.auth.basic.username': 'ann',
    'rest.auth.basic.password': 'p',
  })
})

test('an address tells its type', () => {
  const typeOf = (catalogUri: string) => place({ catalogUri, catalog: 'c', warehouse: '/w' }).type
  assert.equal(typeOf('https://h/api'), 'rest')
  assert.equal(typeOf('thrift://a:9083,thrift://b:9083'), 'hive')
  for (const uri of ['jdbc:sqlite:/c.db', 'sqlite:///c.db', 'jdbc:mysql://h/d', 'postgresql+psycopg2://h/d'])
    assert.equal(typeOf(uri), 'jdbc')
  assert.equal(place({ warehouse: '/w' }).type, 'filesystem')
  assert.equal(catalogPlace({}), undefined)
})

test('what the options say counts before the properties', () => {
  const options = { catalogType: 'HIVE', catalogUri: 'thrift://a:1', properties: { uri: 'thrift://b:2', clients: '2' } }
  assert.deepEqual(place(options).properties, { uri: 'thrift://a:1', clients: '2' })
  const byProperty = place({ catalogType: 'jdbc', catalog: 'c', properties: { uri: 'jdbc:sqlite:c', warehouse: '/w' } })
  assert.deepEqual([byProperty.name, byProperty.properties['warehouse']], ['c', '/w'])
  assert.equal(place({ catalogUri: 'https://h', token: 't' }).properties['token'], 't')
  assert.equal('token' in place({ catalogType: 'glue', token: 't' }).properties, false)
})

test('a label shows no address of a database', () => {
  const catalogUri = `postgresql://ann:${SECRET}@h/d`
  assert.equal(place({ catalogUri, catalog: 'prod', warehouse: '/w' }).label, 'the jdbc catalog prod')
})

const database = 'jdbc:sqlite:/c.db'
const WRONG: readonly (readonly [options: CatalogOptions, says: RegExp])[] = [
  [{ catalogType: 'ams' }, /--catalog-type ams: .*kept by a service: name one with --catalog/],
  [{ catalogType: 'delta' }, /--catalog-type delta: choose of filesystem, .*glue, jdbc/],
  [{ catalogUri: 'host:1630' }, /--catalog-uri host:1630: write a URL/],
  [{ catalogType: 'filesystem' }, /needs --warehouse, its directory/],
  [{ catalogType: 'filesystem', warehouse: '/w', catalogUri: 'http://h' }, /has no --catalog-uri/],
  [{ catalogType: 'jdbc', catalog: 'c', warehouse: '/w' }, /needs --catalog-uri/],
  [{ catalogUri: database, warehouse: '/w' }, /needs --catalog, the name that its writers give it/],
  [{ catalogUri: database, catalog: 'c' }, /needs --warehouse/],
  [
    { catalog: 'c', warehouse: '/w', service: { server: 'http://h', credentials: { kind: 'none' } } },
    /leave out one of --catalog and --warehouse/,
  ],
]

for (const [options, says] of WRONG) {
  test(`refused: ${says.source}`, () => {
    assert.throws(
      () => catalogPlace(options),
      (error) => error instanceof MoraineError && error.kind === 'invalid-input' && says.test(error.message),
    )
  })
}
