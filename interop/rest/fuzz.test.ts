import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { byDepth } from '../lab/depth.ts'
import { startLeashed } from '../lab/leashed.ts'
import { runSchemathesis } from './run-schemathesis.ts'

// The description of the API, given to schemathesis: requests that fit it and requests that do not, to a real service. No
// answer is a failure of the server, and each has a status, a type and a body that the description tells of.

const SCHEMA = { type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }

const home = mkdtempSync(join(tmpdir(), 'moraine-fuzz-'))
const service = startLeashed('bin/moraine', [
  ...['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(home, 'data')],
])
const [url = ''] = /http:\/\/[0-9.:]+/.exec(await service.line(/listens on/)) ?? []
const namespaces = `${url}/api/iceberg/rest/v1/catalogs/lake/namespaces`
for (const namespace of ['fuzz', 'doomed']) {
  await make(namespaces, { namespace: [namespace] })
  for (const name of ['orders', 'doomed']) await make(`${namespaces}/${namespace}/tables`, { name, schema: SCHEMA })
}
await make(`${url}/api/ams/v1/catalogs`, {
  name: 'doomed',
  type: 'ams',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'Hadoop' },
  authConfig: { 'auth.type': 'CUSTOM' },
  properties: { warehouse: join(home, 'doomed') },
  tableProperties: {},
  optimizerGroup: 'default',
})
after(async () => {
  const { code } = await service.stop()
  rmSync(home, { recursive: true, force: true })
  assert.equal(code, 0, service.lines().slice(-20).join('\n'))
})

/** Names of what is there, so that not all is answered 404; what is dropped or renamed is something else. */
const THERE = `
[parameters]
"path.warehouse" = "lake"
"path.catalog" = "lake"
"path.namespace" = "fuzz"
"path.db" = "fuzz"
"path.table" = "orders"
"path.group" = "default"
"query.warehouse" = "lake"

[[operations]]
include-method = ["DELETE", "PUT"]
[operations.parameters]
"path.catalog" = "doomed"
"path.namespace" = "doomed"
"path.table" = "doomed"
`

for (const [what, below, config, examples] of [
  ['the management API, of things that are there', '^/api/ams/v1', THERE, byDepth({ usual: 6, all: 12 })],
  ['the management API, of any names', '^/api/ams/v1', '', byDepth({ usual: 2, all: 4 })],
  ['the Iceberg REST catalog, of things that are there', '^/api/iceberg/rest', THERE, byDepth({ usual: 10, all: 25 })],
  ['the Iceberg REST catalog, of any names', '^/api/iceberg/rest', '', byDepth({ usual: 3, all: 6 })],
] as const) {
  test(`${what}: every answer is as described`, { timeout: 600_000 }, async (context) => {
    const statuses = await runSchemathesis(context, { url, home, below, config, examples })
    if (statuses === undefined) return
    const requests = [...statuses.values()].reduce((sum, times) => sum + times, 0)
    assert.ok(requests > 500, `only ${requests} requests`)
  })
}

async function make(where: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(where, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal(response.status, 200, `${where}: ${await response.text()}`)
}
