import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Place } from '@moraine/management/access/grant'
import { T0 } from '@moraine/management/testing/build'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { composeAccess } from '../../access/compose-access.ts'
import { bearerOf, newCredential } from '../../access/credential-secret.ts'
import { unsealCatalog } from '../../catalogs/catalog-secrets.ts'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { sealedStores } from '../../secrets/sealed-stores.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { buildHttpServer, type HttpServerOptions } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const SITE =
  '<configuration><property><name>hive.metastore.uris</name><value>thrift://h:9083</value></property></configuration>'
const DAY_MS = 24 * 3_600_000

async function setUp(parts: Partial<HttpServerOptions> = {}) {
  const kept = memoryStores()
  const clock = virtualClock(T0)
  const { registry, vault } = buildRegistry(kept)
  const stores = sealedStores(kept, vault)
  const server = await buildHttpServer(buildOptions({ stores, registry, clock, random: seededRandom(3), ...parts }))
  const send = async (body: FormData | string, type?: string, headers: Record<string, string> = {}) => {
    // As a client of the runtime writes it.
    const request = new Request('http://h', { method: 'POST', body })
    const payload = Buffer.from(await request.arrayBuffer())
    const contentType = type ?? request.headers.get('content-type') ?? ''
    const url = '/api/ams/v1/files'
    const answer = await server.inject({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': contentType, ...headers },
    })
    return { status: answer.statusCode, ...answer.json() }
  }
  const pass = async (ms: number) => {
    void clock.sleep(ms)
    clock.step()
  }
  return { kept, stores, vault, server, send, pass }
}

function formWith(content: string | Uint8Array<ArrayBuffer>, name = 'hive-site.xml', field = 'file'): FormData {
  const form = new FormData()
  form.append(field, new File([content], name))
  return form
}

test('a file is sent, had back as it is for a day, and sealed where it is kept', async () => {
  const { kept, server, send, pass } = await setUp()
  const keytab = Uint8Array.from({ length: 700 }, (_, at) => at & 0xff)
  const { status, result } = await send(formWith(keytab, "krb (ä) '1'.keytab"))
  assert.equal(status, 200)
  assert.match(result.id, /^\d{1,15}$/)
  assert.deepEqual(result, { id: result.id, url: `/api/ams/v1/files/${result.id}` })
  const fetched = await server.inject(result.url)
  assert.deepEqual([fetched.statusCode, Uint8Array.from(fetched.rawPayload)], [200, keytab])
  assert.equal(fetched.headers['content-type'], 'application/octet-stream')
  assert.equal(
    fetched.headers['content-disposition'],
    "attachment; filename*=UTF-8''krb%20%28%C3%A4%29%20%271%27.keytab",
  )
  assert.match((await kept.files.findFile(result.id, T0))?.content ?? '', /^v1\./)
  assert.equal((await server.inject('/api/ams/v1/files/1')).statusCode, 404)
  await pass(DAY_MS)
  const gone = await server.inject(result.url)
  assert.deepEqual([gone.statusCode, /forgotten after a day/.test(gone.json().message)], [404, true])
})

test('a catalog takes the files that its form names, and needs the uploads no more', async () => {
  const { kept, vault, server, send, pass } = await setUp()
  const { result } = await send(formWith(SITE))
  const form = {
    name: 'hive',
    type: 'hive',
    tableFormatList: ['ICEBERG'],
    storageConfig: { 'storage.type': 'Hadoop', 'hive.site': result.id },
    authConfig: { 'auth.type': 'SIMPLE', 'auth.simple.hadoop_username': 'root' },
  }
  const call = async (method: 'POST' | 'PUT', path: string, payload: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1/catalogs${path}`, payload })
    return [answer.statusCode, answer.json().message]
  }
  for (const path of ['/test', '']) assert.deepEqual(await call('POST', path, form), [200, 'success'])
  const found = await kept.catalogs.findCatalog('hive')
  assert.ok(found)
  const content = Buffer.from(SITE).toString('base64')
  assert.equal(unsealCatalog(found, vault).storageConfig['hive.site'], content)
  assert.equal(found.storageConfig?.['hive.site'], undefined, 'it is sealed')
  await pass(DAY_MS)
  const shown = (await server.inject('/api/ams/v1/catalogs/hive')).json().result
  assert.deepEqual(await call('PUT', '/hive', shown), [200, 'success'])
  const [status, message] = await call('PUT', '/hive', form)
  assert.equal(status, 400)
  assert.match(message, /^storageConfig\.hive\.site: there is no uploaded file \d+; .*POST \/files/)
})

test('what is no file, or too large, is refused, and the oldest make room', async () => {
  const { server, send, pass } = await setUp()
  const none = /^send the file as multipart\/form-data, in a part named file/
  const text = new FormData()
  text.append('file', 'no file')
  const cases: readonly (readonly [body: FormData | string, type: string | undefined, status: number, says: RegExp])[] =
    [
      ['{}', 'application/json', 400, none],
      ['x', 'text/plain', 400, none],
      [text, undefined, 400, none],
      [formWith(SITE, 'a.xml', 'other'), undefined, 400, none],
      ['--b\r\nnonsense', 'multipart/form-data; boundary=b', 400, /not the multipart\/form-data that it is said to be/],
      ['x', 'multipart/form-data', 400, /not the multipart\/form-data/],
      [formWith('', 'krb.keytab'), undefined, 400, /^file: it has 0 bytes/],
      [formWith(SITE, 'x'.repeat(256)), undefined, 400, /a name of 256 characters/],
      [formWith('x'.repeat(1024 * 1024 + 1), 'a'), undefined, 400, /^file: it has 1048577 bytes/],
      [formWith('x'.repeat(1024 * 1024 + 64 * 1024), 'a'), undefined, 413, /too large/],
      [formWith('<a/>', 'core-site.XML'), undefined, 400, /^file: "core-site.XML" is no Hadoop configuration/],
    ]
  for (const [body, type, status, says] of cases) {
    const answer = await send(body, type)
    assert.equal(answer.status, status, answer.message)
    assert.match(answer.message, says)
  }
  const largest = await send(formWith('x'.repeat(1024 * 1024), 'largest'))
  assert.equal(largest.status, 200)
  const statusOf = async () => (await server.inject(largest.result.url)).statusCode
  await pass(1)
  for (let at = 1; at < 200; at += 1) assert.equal((await send(formWith('x', 'small'))).status, 200)
  assert.equal(await statusOf(), 200)
  const foreign = await send(formWith('x', 'small'), undefined, { 'sec-fetch-site': 'cross-site' })
  assert.deepEqual([foreign.status, foreign.message], [403, 'files are not taken from pages of other sites'])
  assert.equal((await send(formWith('x', 'small'))).status, 200)
  assert.equal(await statusOf(), 404)
})

test('files are sent, and had back, by who manages all catalogs', async () => {
  const { principals } = memoryStores()
  const of = { host: '0.0.0.0', secretKey: new Uint8Array(32), principals, clock: virtualClock(T0), log: SILENT_LOG }
  const random = seededRandom(8)
  const { authenticator } = await composeAccess({ mode: 'required', administrator: undefined }, { ...of, random })
  const { send, server } = await setUp({ authenticator })
  const bearerFor = async (name: string, place: Place) => {
    await principals.addPrincipal({ name, grants: [{ role: 'admin', place }], createdAt: T0 })
    const { credential, secret } = newCredential({ principal: name, note: '', expiresAt: undefined }, T0, random)
    await principals.addCredential(credential)
    return { authorization: `Bearer ${bearerOf(credential.id, secret)}` }
  }
  const [all, one] = [await bearerFor('root', {}), await bearerFor('ann', { catalog: 'far' })]
  const statuses = []
  const { result, status } = await send(formWith(SITE), undefined, all)
  assert.equal(status, 200)
  for (const headers of [all, one, {}]) {
    const fetched = await server.inject({ url: result.url, headers })
    statuses.push([(await send(formWith(SITE), undefined, headers)).status, fetched.statusCode])
  }
  assert.deepEqual(statuses, [
    [200, 200],
    [403, 403],
    [401, 401],
  ])
})
