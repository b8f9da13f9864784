import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { startLeashed } from '../lab/leashed.ts'
import { moraine, startService } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { registerExternal } from '../lab/register-external.ts'
import { pyIcebergWriter } from './pyiceberg-writer.ts'
import { startTiringGateway } from './tiring-gateway.ts'
import { writeBesideOptimizing } from './write-beside-optimizing.ts'

// One `moraine serve` that everybody has to sign in to is an external catalog of another. The second optimizes its tables
// with an OAuth2 credential, of which tokens end all the time, while PyIceberg writes them with one of its own.

/** Few enough for many tokens, and enough for a table to be planned and committed to. */
const USES_OF_A_TOKEN = 10

const pyiceberg = await startPyIceberg()
const home = mkdtempSync(`${tmpdir()}/moraine-behind-`)
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  rmSync(home, { recursive: true, force: true })
})

test('one service optimizes tables of another, with tokens that end', { timeout: 300_000 }, async (context) => {
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  await behind(context, pyiceberg.engine)
})

async function behind(context: TestContext, engine: PyIceberg): Promise<void> {
  const first = await startGuarded(context)
  const gateway = await startTiringGateway(first.url, USES_OF_A_TOKEN)
  const service = await startService(join(home, 'second'))
  context.after(async () => {
    service.kill()
    await gateway.close()
  })
  const [ours, theirs] = [await first.newCredential(), await first.newCredential()]
  const uri = `${first.url}/iceberg`
  await engine.addCatalog('first', { type: 'rest', uri, warehouse: 'lake', ...signIn(uri, theirs) })
  const writer = await pyIcebergWriter(engine, ['first', 'db', 'events'])

  const signedIn = { uri: `${gateway.url}/iceberg`, warehouse: 'lake', credential: `${ours.id}:${ours.secret}` }
  const properties = { ...signedIn, 'local.folders': join(home, 'first', 'warehouse') }
  await registerExternal(service, 'far', 'rest', properties)
  const read = (snapshotId: bigint) => engine.readRows({ table: ['first', 'db', 'events'], snapshotId })
  const place = { url: `${uri}/v1/catalogs/lake`, headers: { authorization: first.authorization } }
  await writeBesideOptimizing(context, service, ['db', 'events'], writer, read, { catalog: 'far', place })
  assert.ok(gateway.refusals() > 0 && gateway.tokens() > 1, `${gateway.tokens()} tokens`)
  context.diagnostic(`${gateway.tokens()} tokens, ${gateway.refusals()} requests with one that had ended`)

  await first.revoke(ours)
  const { code, stdout } = await moraine(['catalog', 'test', 'far', '--server', service.url])
  assert.notEqual(code, 0)
  assert.match(stdout, /can be reached +failed.*gave no token \(status 401, invalid_client\)/)
  assert.ok(!stdout.includes(ours.secret))
  await service.stop()
}

type Credential = { readonly id: string; readonly secret: string }

function signIn(uri: string, { id, secret }: Credential): Readonly<Record<string, string>> {
  return { credential: `${id}:${secret}`, 'oauth2-server-uri': `${uri}/v1/oauth/tokens` }
}

/** A service that asks everybody who they are, and its administrator. */
async function startGuarded(context: TestContext) {
  const config = join(home, 'guarded.yaml')
  writeFileSync(config, 'ams:\n  http-server:\n    authentication: required\n')
  const place = ['--port', '0', '--thrift-port', '0', '--data-dir', join(home, 'first')]
  const service = startLeashed('bin/moraine', ['serve', '--config', config, ...place])
  context.after(() => service.kill())
  const [, url = ''] = /listens on (http\S+?),/.exec(await service.line(/listens on/)) ?? []
  const [, administrator = ''] = /shown this once: (\S+)/.exec(await service.line(/shown this once/)) ?? []
  const authorization = `Basic ${Buffer.from(administrator).toString('base64')}`
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await fetch(`${url}/api/ams/v1/principals${path}`, init)
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    return (JSON.parse(text) as { readonly result: unknown }).result
  }
  await ask('POST', '', { name: 'etl', grants: [{ role: 'editor', catalog: 'lake' }] })
  return {
    url,
    authorization,
    newCredential: async () => (await ask('POST', '/etl/credentials')) as Credential,
    revoke: ({ id }: Credential) => ask('DELETE', `/etl/credentials/${id}`),
  }
}
