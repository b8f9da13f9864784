import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { byDepth } from '../lab/depth.ts'
import { startLeashed } from '../lab/leashed.ts'
import { runSchemathesis } from './run-schemathesis.ts'

// As `fuzz.test.ts`, of a service that asks everybody who they are: by nobody, and by one who may change one namespace and
// nothing else. What they may not change stays as it was.

const SCHEMA = { type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
/** Of tables, views and namespaces; and of what only administrators may. */
const CATALOG = '^/api/iceberg/rest/v1/.*(namespaces|tables|views|transactions)'
const MANAGEMENT = '^/api/ams/v1/(catalogs|principals|tables)'

const home = mkdtempSync(join(tmpdir(), 'moraine-fuzz-guarded-'))
const settings = join(home, 'guarded.yaml')
writeFileSync(settings, 'ams:\n  http-server:\n    authentication: required\n')
const service = startLeashed('bin/moraine', [
  ...['serve', '--no-sample', '--config', settings, '--port', '0', '--thrift-port', '0'],
  ...['--data-dir', join(home, 'data')],
])
const [, url = ''] = /listens on (http\S+?),/.exec(await service.line(/listens on/)) ?? []
const [, administrator = ''] = /shown this once: (\S+)/.exec(await service.line(/shown this once/)) ?? []
const asAdministrator = basic(administrator)
for (const namespace of ['granted', 'other']) {
  await ask('POST', '/api/iceberg/rest/v1/catalogs/lake/namespaces', { namespace: [namespace] })
  const body = { name: 'orders', schema: SCHEMA }
  await ask('POST', `/api/iceberg/rest/v1/catalogs/lake/namespaces/${namespace}/tables`, body)
}
const grants = [{ role: 'editor', catalog: 'lake', namespace: ['granted'] }]
await ask('POST', '/api/ams/v1/principals', { name: 'narrow', grants })
const { result } = await ask('POST', '/api/ams/v1/principals/narrow/credentials')
const narrow = basic(`${result?.id}:${result?.secret}`)
const before = await protectedState()
after(async () => {
  const { code } = await service.stop()
  rmSync(home, { recursive: true, force: true })
  assert.equal(code, 0, service.lines().slice(-20).join('\n'))
})

const examples = byDepth({ usual: 2, all: 8 })
for (const [part, below] of [
  ['the Iceberg REST catalog', CATALOG],
  ['the management API', MANAGEMENT],
] as const) {
  test(`${part}, by nobody: nothing is done, and 401 said as described`, { timeout: 600_000 }, async (context) => {
    const statuses = await runSchemathesis(context, { url, home, below, config: named('other'), examples: 1 })
    if (statuses === undefined) return
    assert.ok((statuses.get(401) ?? 0) > 100, `${statuses.get(401)} answers are 401`)
    assert.deepEqual(
      [...statuses.keys()].filter((status) => status < 400),
      [],
    )
    assert.deepEqual(await protectedState(), before)
  })

  for (const namespace of ['other', 'granted'] as const) {
    test(`${part}, by who may change one namespace, asked for ${namespace}`, { timeout: 600_000 }, async (context) => {
      const run = { url, home, below, config: named(namespace), examples, authorization: narrow }
      const statuses = await runSchemathesis(context, run)
      if (statuses === undefined) return
      assert.ok((statuses.get(403) ?? 0) > 20, `${statuses.get(403)} answers are 403`)
      assert.equal(statuses.get(401), undefined)
      if (namespace === 'granted') assert.ok((statuses.get(200) ?? 0) > 0)
      assert.deepEqual(await protectedState(), before)
    })
  }
}

/** What only administrators may change. */
async function protectedState() {
  const namespaces = '/api/iceberg/rest/v1/catalogs/lake/namespaces'
  const { identifiers } = await ask('GET', `${namespaces}/other/tables`)
  const { result: principals } = await ask('GET', '/api/ams/v1/principals')
  return {
    namespace: await ask('GET', `${namespaces}/other`),
    tables: identifiers,
    location: (await ask('GET', `${namespaces}/other/tables/orders`))['metadata-location'],
    catalogs: (await ask('GET', '/api/ams/v1/catalogs')).result,
    principals: JSON.stringify(principals, (key, value) => (/last|used|seen/i.test(key) ? undefined : value)),
  }
}

/** Names of what is there, so that not all is answered 404. */
function named(namespace: string): string {
  return `
[parameters]
"path.warehouse" = "lake"
"path.catalog" = "lake"
"path.namespace" = "${namespace}"
"path.db" = "${namespace}"
"path.table" = "orders"
"query.warehouse" = "lake"
`
}

function basic(credential: string): string {
  return `Basic ${Buffer.from(credential).toString('base64')}`
}

type Answer = {
  readonly result?: { readonly id?: string; readonly secret?: string }
  readonly identifiers?: unknown
  readonly 'metadata-location'?: string
}

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: asAdministrator, 'content-type': 'application/json' }
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(`${url}${path}`, { method, headers, ...json })
  const text = await response.text()
  assert.equal(response.status, 200, `${method} ${path}: ${text}`)
  return JSON.parse(text) as Answer
}
