import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { openTable, type TableOptions } from './open-table.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-open-'))
const file = join(root, 'file')
writeFileSync(file, '')

const notFound = (type: string, message: string) => ({ error: { message, type, code: 404 } })
const ANSWERS: Readonly<Record<string, readonly [number, unknown, OutgoingHttpHeaders?]>> = {
  '/bare/v1/config': [404, { message: 'Route not found', error: 'Not Found', statusCode: 404 }],
  '/busy/v1/config': [404, {}, { 'retry-after': '0' }],
  '/page/v1/config': [200, '<html>'],
  '/catalog/v1/config': [200, { defaults: {}, overrides: {} }],
  '/strict/v1/config': [404, notFound('NoSuchWarehouseException', 'Warehouse does not exist: a')],
  '/api/iceberg/rest/v1/config': [401, { error: { message: 'say who', type: 'NotAuthorizedException', code: 401 } }],
}
const server = createServer((request, response) => {
  const path = (request.url ?? '').replace(/\?.*/, '')
  const [status, body, headers = {}] = ANSWERS[path] ?? [404, notFound('NoSuchTableException', 'Table does not exist')]
  const contentType = typeof body === 'string' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': contentType, ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => {
  server.close()
  rmSync(root, { recursive: true })
})

async function refusal(name: string, options: Omit<TableOptions, 'storage'>): Promise<MoraineError> {
  const context = { clock: systemClock, random: systemRandom, warn: () => {} }
  try {
    await openTable(name, { ...options, storage: {} }, context)
  } catch (error) {
    if (error instanceof MoraineError) return error
    throw error
  }
  throw new Error(`${name} was opened`)
}

type Given = Partial<Record<'catalog' | 'catalogType' | 'catalogUri' | 'warehouse', string>>
type Case = readonly [name: string, options: Given, kind: MoraineError['kind'], says: RegExp]

const CASES: readonly Case[] = [
  [
    'a.b',
    { catalogUri: `${url}/bare` },
    'not-found',
    /answered 404: Route not found; .*\/bare is not where .*\/api\/iceberg\/rest/,
  ],
  ['a.b', { catalogUri: `${url}/busy` }, 'not-found', /left alone for 0 s; .*\/busy is not where the server keeps/],
  ['a.b', { catalogUri: `${url}/page` }, 'corrupt', /no JSON; .*\/page is not where the server keeps its REST catalog/],
  ['a.b', { catalogUri: 'localhost:1630' }, 'invalid-input', /--catalog-uri localhost:1630: write a URL/],
  ['a.b', { catalogUri: `${url}/catalog` }, 'not-found', /Table does not exist$/],
  ['a.b.c', { catalogUri: `${url}/catalog` }, 'not-found', /put in quotes, as in 'a\."b\.c"'$/],
  ['a.b.c', { catalogUri: `${url}/strict` }, 'not-found', /'a', the first of the names, was taken for the warehouse/],
  ['a.b', { warehouse: join(root, 'none') }, 'not-found', /--warehouse .*none: there is no directory .*none$/],
  ['a.b', { warehouse: join(file, 'below') }, 'not-found', /there is no directory/],
  ['a.b', { warehouse: file }, 'not-found', /is a file, not a directory$/],
  ['a.b', { warehouse: root }, 'not-found', /there is no table a\.b in .*moraine-open-\w+$/],
  ['a.b.c.d', { warehouse: root }, 'not-found', /put in quotes, as in 'a\.b\."c\.d"'$/],
  ['a.b', { warehouse: 'ftp://n/w' }, 'unsupported', /ftp:\/\/ is not supported; .*s3:\/\/, gs:\/\/.*hdfs:\/\//],
  ['viewfs://n/t', {}, 'unsupported', /viewfs:\/\/ is not supported; a table can be on this machine/],
  ['hdfs:///w/t', {}, 'invalid-input', /write hdfs:\/\/host:port\/\.\.\., or set fs\.defaultFS/],
]

for (const [name, options, kind, says] of CASES) {
  const where = Object.values(options).map((value) => value.replace(url, '').replace(root, ''))
  test(`refused with the remedy: ${[name, ...where].join(' in ')}`, async () => {
    const error = await refusal(name, options)
    assert.match(error.message, says)
    assert.equal(error.kind, kind)
  })
}

test('who is not signed in to the service is told how', async () => {
  const service = { server: url, credentials: { kind: 'none' } } as const
  const error = await refusal('a.b', { catalog: 'lake', service })
  assert.match(
    error.message,
    /say who.*; sign in with --token or MORAINE_TOKEN, or with MORAINE_CREDENTIAL=user:password$/,
  )
  assert.equal(error.kind, 'permission')
})

test('of a store that is not exercised it is said, with the settings that it takes', async () => {
  const warnings: string[] = []
  const context = { clock: systemClock, random: systemRandom, warn: (message: string) => warnings.push(message) }
  // Aborted before the store is reached.
  await assert.rejects(openTable('gs://b/t', { storage: {} }, context, AbortSignal.abort()))
  assert.match(warnings[0] ?? '', /gs:\/\/ is not exercised .*--storage: .*gcs\.oauth2\.token/)
})
