import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

type Content = { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }
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
      ...['200', '4XX', '5XX'].map((status) => (hasSchema(responses[status]) ? [] : [`has no schema for ${status}`])),
      operation.requestBody === undefined || hasSchema(operation.requestBody) ? [] : ['has a body without a schema'],
    ]
    return wrong.flat().map((what) => `${method} ${path} ${what}`)
  })
  assert.deepEqual(faults, [])
})

/** Of files the bytes are what is sent; all else is JSON. */
function hasSchema(described: Content | undefined): boolean {
  const kinds = Object.entries(described?.content ?? {})
  return (
    kinds.length === 1 &&
    kinds.every(
      ([type, { schema }]) =>
        schema !== undefined && /^(application\/json|application\/octet-stream|multipart\/form-data)$/.test(type),
    )
  )
}

test('a path is described once, whatever its parameters are called', () => {
  const shapes = [...new Set(operations.map(({ path }) => path))].map((path) => path.replace(/\{\w+\}/g, '{}'))
  assert.deepEqual(
    shapes.filter((shape, index) => shapes.indexOf(shape) !== index),
    [],
  )
})

/** Every route there is; one that is lost, or that nobody wrote down, is noticed here. */
const WRITTEN_DOWN: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '/api/ams/v1/': {
    catalogs: ['get', 'post'],
    'catalogs/metastore/types': ['get'],
    'catalogs/metastore/{type}/properties': ['get'],
    'catalogs/metastore/{type}/storage-types': ['get'],
    'catalogs/metastore/{type}/storages': ['get'],
    'catalogs/metastore/{type}/table-formats': ['get'],
    'catalogs/test': ['post'],
    'catalogs/{catalog}': ['delete', 'get', 'put'],
    'catalogs/{catalog}/delete/check': ['get'],
    'catalogs/{catalog}/dropped-tables': ['get'],
    'catalogs/{catalog}/dropped-tables/{dropId}/purge': ['post'],
    'catalogs/{catalog}/dropped-tables/{dropId}/restore': ['post'],
    files: ['post'],
    'files/{file}': ['get'],
    'health/status': ['get'],
    login: ['post'],
    'login/current': ['get'],
    logout: ['post'],
    'moraine/tables': ['get'],
    'optimize/actions': ['get'],
    'optimize/containers/get': ['get'],
    'optimize/optimizerGroups': ['get'],
    'optimize/optimizerGroups/{group}/allocation': ['get'],
    'optimize/optimizerGroups/{group}/info': ['get'],
    'optimize/optimizerGroups/{group}/optimizers': ['get', 'post'],
    'optimize/optimizerGroups/{group}/resources': ['get'],
    'optimize/optimizerGroups/{group}/tables': ['get'],
    'optimize/optimizers': ['post'],
    'optimize/optimizers/{resource}': ['delete'],
    'optimize/resourceGroups': ['get', 'post', 'put'],
    'optimize/resourceGroups/{group}': ['delete'],
    'optimize/resourceGroups/{group}/delete/check': ['get'],
    'optimize/resourceGroups/{group}/registration': ['get'],
    principals: ['get', 'post'],
    'principals/{principal}': ['delete', 'put'],
    'principals/{principal}/credentials': ['post'],
    'principals/{principal}/credentials/{credential}': ['delete'],
    'settings/containers': ['get'],
    versionInfo: ['get'],
  },
  '/api/ams/v1/catalogs/{catalog}/databases': {
    '': ['get', 'post'],
    '/{db}': ['delete', 'get'],
    '/{db}/properties': ['post'],
    '/{db}/tables': ['get', 'post'],
    '/{db}/tables/{table}': ['delete', 'get', 'post'],
    '/{db}/tables/{table}/rename': ['post'],
  },
  '/api/ams/v1/tables/catalogs/{catalog}/dbs/{db}/tables/{table}/': {
    blockers: ['get', 'post'],
    'blockers/{blocker}': ['delete'],
    'blockers/{blocker}/renew': ['post'],
    branches: ['get'],
    consumers: ['get'],
    details: ['get'],
    explain: ['get'],
    'metrics-reports': ['get'],
    operations: ['get'],
    optimize: ['post'],
    'optimizing-processes': ['get'],
    'optimizing-processes/{processId}/cancel': ['post'],
    'optimizing-processes/{processId}/tasks': ['get'],
    partitions: ['get'],
    'partitions/{partition}/files': ['get'],
    pause: ['post'],
    'process-types': ['get'],
    resume: ['post'],
    snapshots: ['get'],
    'snapshots/{snapshotId}/detail': ['get'],
    tags: ['get'],
    verdict: ['get'],
  },
}

test('what is served is what is written down', () => {
  const written = Object.entries(WRITTEN_DOWN).flatMap(([base, paths]) =>
    Object.entries(paths).flatMap(([path, methods]) => methods.map((method) => `${method} ${base}${path}`)),
  )
  assert.deepEqual(operations.map(({ path, method }) => `${method} ${path}`).sort(), written.sort())
})
