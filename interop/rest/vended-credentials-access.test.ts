import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { startService } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'

// A service that asks who is there, on a real store: what keys and signatures are good for follows from grants, whatever a
// client says and a table says of its location.

const PASSWORD = 'of-the-lab'
const ROLE = 'arn:aws:iam::000000000000:role/lake'

const name = `vended-access-${process.pid}`
const minio = startMinio(name)
for (const key of Object.keys(process.env)) if (key.startsWith('AWS_')) delete process.env[key]
process.env['MORAINE_HTTP__SERVER_AUTHENTICATION'] = 'required'
process.env['MORAINE_ADMIN__PASSWORD'] = PASSWORD
const pyiceberg = await startPyIceberg()
const dataDir = mkdtempSync(`${tmpdir()}/moraine-vended-`)
const service =
  pyiceberg.kind === 'started' && !('skip' in minio) ? await startService(dataDir, `admin:${PASSWORD}`) : undefined
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  await service?.stop()
  stopMinio(name)
  rmSync(dataDir, { recursive: true, force: true })
})

if (service !== undefined && pyiceberg.kind === 'started' && !('skip' in minio)) {
  const { engine } = pyiceberg
  const admin = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`
  const ask = asking(service.url)
  const grants = (role: string) => [{ role, catalog: 'minio', namespace: ['sales'] }]
  const settings = { ...minio.settings, warehouse: 's3://lab/wh', 'access-delegation.role-arn': ROLE }
  await ask(admin, 'POST', '/api/ams/v1/catalogs', {
    ...{ name: 'minio', type: 'ams', optimizerGroup: 'default', tableFormatList: ['ICEBERG'] },
    ...{ storageConfig: { 'storage.type': 'S3' }, authConfig: { 'auth.type': 'CUSTOM' } },
    properties: { ...settings, 'access-delegation': 'sts-credentials, remote-signing' },
  })
  const enroll = async (principal: string, role: string) => {
    await ask(admin, 'POST', '/api/ams/v1/principals', { name: principal, grants: grants(role) })
    const answer = await ask(admin, 'POST', `/api/ams/v1/principals/${principal}/credentials`, {})
    const { id, secret } = (answer.json as { result: { id: string; secret: string } }).result
    const uri = `${must(service, 'service').url}/api/iceberg/rest`
    await engine.addCatalog(principal, {
      ...{ type: 'rest', uri, warehouse: 'minio', credential: `${id}:${secret}` },
      'oauth2-server-uri': `${uri}/v1/oauth/tokens`,
    })
    return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  }
  const [writer, reader] = [await enroll('writer', 'editor'), await enroll('reader', 'viewer')]
  const namespaces = '/api/iceberg/rest/v1/catalogs/minio/namespaces'
  for (const namespace of ['sales', 'hr']) await ask(admin, 'POST', namespaces, { namespace: [namespace] })
  const fields = [{ id: 1, name: 'id', required: false, type: 'long' }]
  const schema = { type: 'struct', 'schema-id': 0, fields }
  const orders = `${namespaces}/sales/tables/orders`

  test('a writer writes, a reader reads, each with keys of their own', async () => {
    await engine.create({ table: ['writer', 'sales', 'orders'], schema })
    await engine.append({ table: ['writer', 'sales', 'orders'], rows: [{ id: 1 }, { id: 2 }] })
    const table = ['reader', 'sales', 'orders']
    assert.deepEqual(await engine.readRows({ table }), ['{"id":1}', '{"id":2}'])
    await assert.rejects(engine.append({ table, rows: [{ id: 3 }] }), /ACCESS_DENIED|AccessDenied|Forbidden/)
  })

  test("a reader's keys write and delete nothing", async () => {
    const { config, metadata } = (await ask(reader, 'GET', orders)).json as Loaded
    const file = `${metadata.location}/data/mine`
    const own = openStorage(minio.settings, { clock: systemClock, random: systemRandom })
    await own.write(file, Buffer.from('rows'))
    const io = openStorage(config, { clock: systemClock, random: systemRandom })
    assert.equal(Buffer.from(await io.read(file)).toString(), 'rows')
    const refused = (work: Promise<unknown>) => assert.rejects(work, (error) => isKind(error, 'permission'))
    await refused(io.write(`${file}2`, Buffer.from('x')))
    await refused(io.write(file, Buffer.from('x')))
    await refused(io.remove([file]))
    const uri = `${minio.settings['s3.endpoint']}/${file.replace('s3://', '')}`
    for (const [who, method, status] of [
      [reader, 'GET', 200],
      [reader, 'PUT', 403],
      [reader, 'DELETE', 403],
      [writer, 'PUT', 200],
    ] as const) {
      const signed = await ask(who, 'POST', `${orders}/sign`, { method, uri, region: 'us-east-1', headers: {} })
      assert.equal(signed.status, status, method)
    }
  })

  test('a table of others is not reached by naming its folder', async () => {
    const base = { schema, name: 'salaries' }
    assert.equal((await ask(admin, 'POST', `${namespaces}/hr/tables`, base)).status, 200)
    const { metadata } = (await ask(admin, 'GET', `${namespaces}/hr/tables/salaries`)).json as Loaded
    assert.equal((await ask(writer, 'GET', `${namespaces}/hr/tables/salaries`)).status, 403)
    const posing = { ...base, name: 'posing', location: metadata.location }
    const answer = await ask(writer, 'POST', `${namespaces}/sales/tables`, posing)
    assert.ok(
      answer.status >= 400 || (answer.json as Partial<Loaded>).config === undefined,
      JSON.stringify(answer.json),
    )
    const below = { ...base, name: 'below', location: 's3://lab/wh/hr' }
    const around = await ask(writer, 'POST', `${namespaces}/sales/tables`, below)
    assert.ok(
      around.status >= 400 || (around.json as Partial<Loaded>).config === undefined,
      JSON.stringify(around.json),
    )
  })
} else {
  const why = 'skip' in minio ? minio.skip : pyiceberg.kind === 'unavailable' ? pyiceberg.why : ''
  test('vended credentials and grants', (context) => context.skip(why))
}

type Loaded = { readonly config: StorageSettings; readonly metadata: { readonly location: string } }

function asking(url: string) {
  return async (authorization: string, method: string, path: string, body?: object) => {
    const headers = { authorization, 'content-type': 'application/json' }
    const delegated = { ...headers, 'x-iceberg-access-delegation': 'vended-credentials' }
    const init = { method, headers: delegated, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const answer = await fetch(`${url}${path}`, init)
    return { status: answer.status, json: (await answer.json()) as unknown }
  }
}
