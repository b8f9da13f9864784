import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

type Content = { readonly content?: { readonly 'application/json'?: { readonly schema?: object } } }
type Operation = {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema?: object }[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

const server = await buildHttpServer(buildOptions())
const document = (await server.inject('/openapi.json')).json()
const operations = Object.entries<Readonly<Record<string, Operation>>>(document.paths)
  .filter(([path]) => path.startsWith('/api/ams/v1'))
  .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

test('every route of the API has a tag, a summary, its parameters and what it answers', () => {
  const faults = operations.flatMap(({ path, method, operation }) => {
    const { tags = [], summary, parameters = [], responses } = operation
    const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))
    const described = new Set(parameters.filter((each) => each.in === 'path' && each.schema).map(({ name }) => name))
    const wrong = [
      tags.length === 1 ? [] : ['has not one tag'],
      summary === undefined || summary === '' || summary.endsWith('.')
        ? ['has no summary, or one with a full stop']
        : [],
      inPath.symmetricDifference(described).size === 0 ? [] : ['does not describe the parameters of its path'],
      ...['200', '4XX', '5XX'].map((status) =>
        responses[status]?.content?.['application/json']?.schema === undefined ? [`has no schema for ${status}`] : [],
      ),
      operation.requestBody === undefined || operation.requestBody.content?.['application/json']?.schema !== undefined
        ? []
        : ['has a body without a schema'],
    ]
    return wrong.flat().map((what) => `${method} ${path} ${what}`)
  })
  assert.deepEqual(faults, [])
})

test('a path is described once, whatever its parameters are called', () => {
  const shapes = [...new Set(operations.map(({ path }) => path))].map((path) => path.replace(/\{\w+\}/g, '{}'))
  assert.deepEqual(
    shapes.filter((shape, index) => shapes.indexOf(shape) !== index),
    [],
  )
})

/** What there is to be managed of tables; a route that is lost, or that nobody wrote down, is noticed here. */
const TABLE = '/api/ams/v1/tables/catalogs/{catalog}/dbs/{db}/tables/{table}'
const DATABASES = '/api/ams/v1/catalogs/{catalog}/databases'
const WANTED = [
  'get /api/ams/v1/catalogs',
  `get ${DATABASES}`,
  `post ${DATABASES}`,
  `get ${DATABASES}/{db}`,
  `delete ${DATABASES}/{db}`,
  `post ${DATABASES}/{db}/properties`,
  `get ${DATABASES}/{db}/tables`,
  `post ${DATABASES}/{db}/tables`,
  `get ${DATABASES}/{db}/tables/{table}`,
  `post ${DATABASES}/{db}/tables/{table}`,
  `delete ${DATABASES}/{db}/tables/{table}`,
  `post ${DATABASES}/{db}/tables/{table}/rename`,
  ...[
    'details',
    'snapshots',
    'snapshots/{snapshotId}/detail',
    'operations',
    'partitions',
    'partitions/{partition}/files',
    'tags',
    'branches',
    'consumers',
    'process-types',
    'optimizing-processes',
    'optimizing-processes/{processId}/tasks',
  ].map((view) => `get ${TABLE}/${view}`),
]

test('the views and changes of tables are all there', () => {
  const there = new Set(operations.map(({ path, method }) => `${method} ${path}`))
  assert.deepEqual(
    WANTED.filter((each) => !there.has(each)),
    [],
  )
})
