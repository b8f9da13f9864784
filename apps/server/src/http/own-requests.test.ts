import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { buildRegistry } from '../catalogs/testing/build-registry.ts'
import { httpServer } from './http-server.ts'
import { ownRequests } from './own-requests.ts'
import { buildOptions } from './testing/build-options.ts'

const stores = memoryStores()
const { registry, tested } = buildRegistry(stores)
const start = async (parts: Parameters<typeof buildOptions>[0]) => {
  const server = httpServer(buildOptions({ clock: systemClock, ...parts }))
  await server.start(new AbortController().signal)
  return server
}
const secretKey = systemRandom.bytes(32)
const here = await start({ stores, registry, secretKey })
/** Another server of the same service, which shares nothing with this one but what is in its database. */
const sibling = await start({ secretKey })
const elsewhere = await start({})
/** Hands on whatever it gets to this service, under an address that has nothing of it. */
const proxy = createServer((request, response) => {
  const { port } = new URL(here.url())
  const headers = { ...request.headers, host: `127.0.0.1:${port}` }
  const onward = httpRequest(
    { port, host: '127.0.0.1', path: request.url?.slice('/behind'.length), headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 500)
      answer.pipe(response)
    },
  )
  onward.end()
})
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
const proxied = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/behind`

test.after(async () => {
  await Promise.all([here.stop(), sibling.stop(), elsewhere.stop()])
  proxy.closeAllConnections()
  proxy.close()
})

async function ask(method: 'POST' | 'PUT', path: string, uri: string) {
  const form = { name: 'far', type: 'rest', tableFormatList: ['ICEBERG'], properties: { uri, warehouse: 'w' } }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${here.url()}/api/ams/v1${path}`, { method, headers, body: JSON.stringify(form) })
  return { status: answer.status, text: await answer.text() }
}

test('a catalog that is this very service is refused, by whatever address it is reached', async () => {
  const ways = [here.url(), proxied, sibling.url()].flatMap((url) => [`${url}/iceberg`, `${url}/api/iceberg/rest/`])
  for (const uri of [...ways, `${sibling.url()}/no/such/path`]) {
    for (const path of ['/catalogs', '/catalogs/test']) {
      const { status, text } = await ask('POST', path, uri)
      assert.equal(status, 400, `${path} ${uri}: ${text}`)
      assert.match(text, /properties\.uri: .* is an address of this very service.*register what it keeps/)
    }
  }
  assert.deepEqual([await stores.catalogs.listCatalogs(), tested], [[], []])
  assert.equal((await ask('POST', '/catalogs', `${elsewhere.url()}/iceberg`)).status, 200)
  assert.equal((await ask('PUT', '/catalogs/far', `${proxied}/iceberg`)).status, 400)
})

test('an answer that is sealed by another key, or for another request, is not of this service', async () => {
  const { signal } = new AbortController()
  const options = { clock: systemClock, random: systemRandom, secretKey }
  const seals: (string | undefined)[] = []
  const from = (answerer: ReturnType<typeof ownRequests>, token?: string) =>
    ownRequests({
      ...options,
      send: async (_, init) => {
        const sent = { ...Object.fromEntries(new Headers(init?.headers)), ...(token && { 'x-moraine-sent-by': token }) }
        const headers = answerer.notice(sent)
        seals.push(headers['x-moraine-received-by'])
        return new Response(null, { headers })
      },
    }).leadsHere('http://far', signal)
  assert.equal(await from(ownRequests(options)), true)
  assert.equal(await from(ownRequests({ ...options, secretKey: systemRandom.bytes(32) })), false)
  assert.equal(await from(ownRequests(options), '00000000-0000-4000-8000-000000000000'), false)
  assert.ok(seals.every((seal) => seal?.length === 64))
  assert.deepEqual(ownRequests(options).notice({ 'x-moraine-sent-by': 'whatever else' }), {})
})

test('what does not answer, or is no address, is not this service', async () => {
  const { leadsHere } = ownRequests({ clock: systemClock, random: systemRandom, secretKey })
  const { signal } = new AbortController()
  for (const uri of ['http://127.0.0.1:1/x', 'thrift://h:1', 'http://u:p@127.0.0.1:1', 'http://', '', 'nothing']) {
    assert.equal(await leadsHere(uri, signal), false, uri)
  }
  await assert.rejects(leadsHere(here.url(), AbortSignal.abort(new Error('gone'))), /gone/)
})
