import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeApi } from './describe-api.ts'
import { buildHttpServer } from './http-server.ts'
import { OPERATION_IDS } from './operation-ids.ts'
import { buildOptions } from './testing/build-options.ts'

type Operation = { readonly operationId?: string; readonly security?: readonly object[] }
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly title?: string }>>
    readonly securitySchemes: Readonly<Record<string, { readonly type: string; readonly scheme: string }>>
  }
  readonly security: readonly object[]
}

const server = await buildHttpServer(buildOptions())
const text = (await server.inject('/openapi.json')).body
const document: Document = JSON.parse(text)
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
)

test('each operation has the id that is written down, and no two have one', () => {
  const ids = operations.map(({ operationId = '' }) => operationId)
  assert.deepEqual(
    ids.filter((id, at) => !/^[a-z][A-Za-z]+$/.test(id) || ids.indexOf(id) !== at),
    [],
  )
  const written = Object.entries(OPERATION_IDS).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  assert.deepEqual(operations.map(({ name }) => name).sort(), written.sort(), 'an id is of no operation any more')
})

test('it says how one says who one is, and where that is not asked', () => {
  assert.deepEqual(Object.keys(document.components.securitySchemes).sort(), ['basic', 'bearer'])
  assert.deepEqual(document.security, [{ bearer: [] }, { basic: [] }])
  const open = operations.filter(({ security }) => security?.length === 0).map(({ name }) => name)
  assert.deepEqual(open.sort(), [
    'get /api/ams/v1/health/status',
    'get /api/ams/v1/login/current',
    'get /api/ams/v1/versionInfo',
    'get /health',
    'post /api/ams/v1/login',
    'post /api/ams/v1/logout',
    'post /api/iceberg/rest/v1/oauth/tokens',
  ])
})

test('the HEAD routes of the protocol are told, and those that only repeat a GET are not', () => {
  const heads = operations.filter(({ name }) => name.startsWith('head ')).map(({ operationId = '' }) => operationId)
  assert.deepEqual(heads.sort(), ['namespaceExists', 'tableExists', 'viewExists'])
})

test('each schema with a title stands once, and each reference leads to one', () => {
  const { schemas } = document.components
  const named = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name))
  assert.deepEqual([...named].sort(), Object.keys(schemas).sort())
  assert.equal([...text.matchAll(/"\$ref":/g)].length, [...text.matchAll(/"\$ref":"#\/components\/schemas\//g)].length)
  for (const [name, { title }] of Object.entries(schemas)) assert.equal(title, name)
  for (const name of ['Failure', 'IcebergErrorResponse', 'LoadTableResult', 'TableVerdict', 'Principal']) {
    assert.ok(name in schemas, name)
    assert.equal([...text.matchAll(new RegExp(`"title":"${name}"`, 'g'))].length, 1)
  }
})

test('an operation without an id, and two schemas of one title, are mistakes of ours', () => {
  const of = (path: string, schema: object) => ({ paths: { [path]: { get: { responses: schema } } }, components: {} })
  assert.throws(() => describeApi(of('/new', {}), () => false), /an id of get \/new/)
  const two = { a: { type: 'string', title: 'A' }, b: { type: 'number', title: 'A' } }
  assert.throws(() => describeApi(of('/health', two), () => false), /two schemas of the API have the title A/)
})

/** Whose fields have Amoro's names. */
const AMOROS = [
  ...[
    'OptimizerEntry',
    'OptimizingProcess',
    'Snapshot',
    'TableDetails',
    'TableFile',
    'TableOperation',
    'TablePartition',
  ],
  ...['Session', 'TaskEntry', 'VersionInfo'],
]

test('what is not of Amoro names its moments alike, in milliseconds', () => {
  const moments = [...fieldsOf(document.components.schemas)].flatMap(([title, field, schema]) => {
    if (/(Time|Timestamp|Date)$/.test(field)) return AMOROS.includes(title) ? [] : [`${title}.${field}`]
    if (!/(^at|At|^since|^until)$/.test(field)) return []
    return JSON.stringify(schema).includes('since 1970-01-01T00:00:00Z') ? [] : [`${title}.${field} is no moment`]
  })
  assert.deepEqual(moments, [])
})

/** Each property of each schema, whatever it is in. */
function* fieldsOf(schemas: object): Generator<[title: string, field: string, schema: unknown]> {
  for (const [title, schema] of Object.entries(schemas)) {
    const left: unknown[] = [schema]
    for (let value = left.pop(); value !== undefined; value = left.pop()) {
      if (typeof value !== 'object' || value === null) continue
      if ('properties' in value && typeof value.properties === 'object' && value.properties !== null) {
        for (const [field, each] of Object.entries(value.properties)) yield [title, field, each]
      }
      left.push(...Object.values(value).filter((each) => each !== undefined))
    }
  }
}
