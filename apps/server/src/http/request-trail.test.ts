import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { httpServer } from './http-server.ts'
import { requestTrail } from './request-trail.ts'
import { buildOptions } from './testing/build-options.ts'

const closing: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closing) await close()
})

/** A service with catalogs that others keep, by name and address, and a count of the requests that reached it. */
async function startService(places: Record<string, string>, secretKey = systemRandom.bytes(32)) {
  const { fetchFor } = requestTrail({ random: systemRandom, secretKey })
  let asked = 0
  const server = httpServer(
    buildOptions({
      clock: systemClock,
      secretKey,
      async findCatalog(name) {
        asked += 1
        // What would go on without end is stopped here, so that the test does end.
        if (asked > 50) throw new MoraineError('internal', 'it goes round')
        const uri = places[name]
        if (uri === undefined)
          return buildOpened({
            name,
            listNamespaces: async () => ({ items: [['sales']] }),
          } as Partial<Catalog> as Catalog)
        const options = { name, properties: { uri, warehouse: name }, clock: systemClock, fetch: fetchFor(name) }
        return buildOpened(await openRestCatalog(options))
      },
    }),
  )
  await server.start(new AbortController().signal)
  closing.push(async () => server.stop())
  const url = `${server.url()}/iceberg`
  const list = async (catalog: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/catalogs/${catalog}/namespaces`, { headers })
    return { status: answer.status, text: await answer.text() }
  }
  return { url, list, asked: () => asked }
}

async function startAnswering(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server of others, which says of itself that it is elsewhere. */
const startLying = (overrides: () => Record<string, string>) =>
  startAnswering((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ defaults: {}, overrides: overrides() }))
  })

test('a catalog that says of itself to be this service is asked once, and named', async () => {
  const places: Record<string, string> = {}
  const here = await startService(places)
  places['loop'] = await startLying(() => ({ uri: here.url, prefix: 'catalogs/loop' }))
  const { status, text } = await here.list('loop')
  assert.equal(status, 400, text)
  assert.match(text, /catalog loop leads back to a service that asks for it/)
  assert.equal(here.asked(), 1)
})

test('neither do a proxy, another server of the same service, or a third service lead around the check', async () => {
  const secretKey = systemRandom.bytes(32)
  const [places, farPlaces]: Record<string, string>[] = [{}, {}]
  assert.ok(places && farPlaces)
  const here = await startService(places, secretKey)
  const sibling = await startService(places, secretKey)
  const far = await startService(farPlaces)
  const proxy = await startAnswering((request, response) => {
    const onward = httpRequest(new URL(request.url ?? '', here.url), { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.end()
  })
  places['proxied'] = await startLying(() => ({ uri: `${proxy}/iceberg`, prefix: 'catalogs/proxied' }))
  places['sibling'] = await startLying(() => ({ uri: sibling.url, prefix: 'catalogs/sibling' }))
  places['circle'] = await startLying(() => ({ uri: far.url, prefix: 'catalogs/back' }))
  farPlaces['back'] = await startLying(() => ({ uri: here.url, prefix: 'catalogs/circle' }))
  for (const [name, named] of [
    ['proxied', 'proxied'],
    ['sibling', 'sibling'],
    ['circle', 'back'],
  ] as const) {
    const before = here.asked()
    const { status, text } = await here.list(name)
    assert.equal(status, 400, text)
    assert.match(text, new RegExp(`catalog ${named} leads back`))
    assert.equal(here.asked() - before, 1)
  }
  assert.deepEqual([sibling.asked(), far.asked()], [0, 1])
})

test('a catalog that another service keeps is asked, and so is one behind that', async () => {
  const last = await startService({})
  const middle = await startService({ passed: await startLying(() => ({ uri: last.url, prefix: 'catalogs/own' })) })
  const first = await startService({ far: await startLying(() => ({ uri: middle.url, prefix: 'catalogs/passed' })) })
  assert.deepEqual(await first.list('far'), { status: 200, text: '{"namespaces":[["sales"]],"next-page-token":null}' })
})

test('a long way ends, though no service on it knows another', async () => {
  const here = await startService({})
  const mark = () => `${crypto.randomUUID()}.${'0'.repeat(64)}`
  const through = (services: number) =>
    here.list('own', { 'x-moraine-sent-through': Array.from({ length: services }, mark).join() })
  assert.equal((await through(7)).status, 200)
  const { status, text } = await through(8)
  assert.equal(status, 400)
  assert.match(text, /come through 8 services/)
  assert.equal((await here.list('own', { 'x-moraine-sent-through': 'a, b, c' })).status, 200)
})

test('what is done for a request with a body goes on with its trail', async () => {
  const sent: (string | null)[] = []
  const send: typeof fetch = async (_, init) => {
    sent.push(new Headers(init?.headers).get('x-moraine-sent-through'))
    return Response.json({ namespace: ['a'], properties: {} })
  }
  const secretKey = systemRandom.bytes(32)
  const { fetchFor } = requestTrail({ random: systemRandom, secretKey, send })
  const createNamespace = async () => {
    await fetchFor('far')('http://far/')
  }
  const server = httpServer(
    buildOptions({
      clock: systemClock,
      secretKey,
      findCatalog: async () =>
        buildOpened({ name: 'far', createNamespace, loadNamespace: async () => ({}) } as Partial<Catalog> as Catalog),
    }),
  )
  await server.start(new AbortController().signal)
  closing.push(async () => server.stop())
  const before = `${crypto.randomUUID()}.${'0'.repeat(64)}`
  const answer = await fetch(`${server.url()}/iceberg/v1/catalogs/far/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-moraine-sent-through': before },
    body: JSON.stringify({ namespace: ['a'] }),
  })
  assert.equal(answer.status, 200, await answer.text())
  assert.deepEqual(
    sent.map((each) => each?.split(', ').length),
    [2],
  )
  assert.equal(sent[0]?.split(', ')[0], before)
  await fetchFor('far')('http://far/')
  assert.equal(sent[1]?.split(', ').length, 1, 'nobody asked for this one')
})
