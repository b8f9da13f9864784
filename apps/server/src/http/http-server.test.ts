import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { T0 } from '@moraine/management/testing/build'
import { VERSION } from '@moraine/stdx/version'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildHttpServer, httpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

test('health names the reconcilers, and is degraded while one of them fails', async () => {
  const healthy = await buildHttpServer(buildOptions())
  assert.deepEqual((await healthy.inject('/health')).json(), {
    status: 'UP',
    database: 'UP',
    version: VERSION,
    reconcilers: { planner: { at: T0, elapsedMs: 2 } },
  })
  const lastRuns = () => ({ planner: { at: T0, elapsedMs: 2, failure: 'disk full' } })
  const failing = await buildHttpServer(buildOptions({ lastRuns }))
  const body = (await failing.inject('/health')).json()
  assert.deepEqual([body.status, body.reconcilers.planner.failure], ['DEGRADED', 'disk full'])
})

test('the root says what answers, and leads to what there is', async () => {
  const server = await buildHttpServer(buildOptions())
  const { name, version, documentation, icebergRestCatalog, ...links } = (await server.inject('/')).json()
  assert.deepEqual([name, version, typeof documentation], ['Moraine', VERSION, 'string'])
  const found = [...Object.values<string>(links), `${icebergRestCatalog}/v1/config`]
  assert.equal(found.length, 5)
  for (const path of found) {
    // The catalog wants to be asked for a warehouse.
    assert.doesNotMatch((await server.inject(path)).body, /Route GET:.* not found/, path)
  }
})

test('the OpenAPI document describes every route of the API, with what it answers', async () => {
  const server = await buildHttpServer(buildOptions())
  const document = (await server.inject('/openapi.json')).json()
  assert.equal(document.openapi, '3.1.0')
  const routes = Object.entries<Record<string, { summary?: string; responses: Record<string, object> }>>(document.paths)
    .filter(([path]) => path.startsWith('/api/ams/v1'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => ({ path: `${method} ${path}`, route })),
    )
  assert.ok(routes.length >= 20, `${routes.length} routes`)
  for (const { path, route } of routes) {
    assert.ok(route.summary, `${path} has no summary`)
    for (const status of ['200', '4XX', '5XX']) {
      assert.ok('content' in (route.responses[status] ?? {}), `${path} does not say what it answers with ${status}`)
    }
  }
})

test('metrics are served as Prometheus reads them', async () => {
  const server = await buildHttpServer(buildOptions())
  const answer = await server.inject('/metrics')
  assert.match(answer.headers['content-type']?.toString() ?? '', /^text\/plain/)
  assert.match(answer.body, /moraine_reconciler_failing\{reconciler="planner"\} 0/)
})

test('it listens where it says, and names a port that is taken', async () => {
  const server = httpServer(buildOptions())
  await server.start(new AbortController().signal)
  assert.equal((await fetch(`${server.url()}/health`)).status, 200)
  await server.stop()
  await assert.rejects(fetch(`${server.url()}/health`))

  const owner = createServer()
  await new Promise<void>((resolve) => owner.listen(0, '127.0.0.1', resolve))
  const address = owner.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const second = httpServer(buildOptions({ port }))
  await assert.rejects(second.start(new AbortController().signal), /port \d+ of 127.0.0.1 is taken/)
  await second.stop()
  owner.close()
})

test('a path that cannot be read is answered as others below its prefix are', async () => {
  const server = await buildHttpServer(buildOptions())
  for (const [path, status, says] of [
    ['%zz', 400, /%zz/],
    ['%ff', 400, /%ff/],
    ['n'.repeat(5000), 414, /maxParamLength|length/i],
  ] as const) {
    for (const prefix of ['/api/iceberg/rest', '/iceberg']) {
      const answer = await server.inject(`${prefix}/v1/catalogs/lake/namespaces/${path}`)
      const { error } = answer.json() as { readonly error: { code: number; type: string; message: string } }
      assert.deepEqual([answer.statusCode, error.code, error.type], [status, status, 'BadRequestException'])
      assert.match(error.message, says)
    }
    const answer = await server.inject(`/api/ams/v1/catalogs/${path}`)
    const { code, kind, message } = answer.json() as { code: number; kind: string; message: string }
    assert.deepEqual([answer.statusCode, code, kind], [status, status, 'invalid-input'])
    assert.match(message, says)
  }
})

test('a database that does not answer is told of at once, or after two seconds', async () => {
  const clock = virtualClock(T0)
  const down = memoryStores()
  const gone = { ...down, groups: { ...down.groups, findGroup: () => Promise.reject(new Error('connection refused')) } }
  const refused = await (await buildHttpServer(buildOptions({ stores: gone, clock }))).inject('/health')
  assert.deepEqual([refused.json().status, refused.json().database], ['DEGRADED', 'DOWN'])
  const silent = { ...down, groups: { ...down.groups, findGroup: () => new Promise<never>(() => {}) } }
  const server = await buildHttpServer(buildOptions({ stores: silent, clock }))
  const waiting = server.inject('/health').then((answer) => answer)
  await clock.run(waiting)
  assert.equal((await waiting).json().database, 'DOWN')
})

test('where nobody says who asks, nobody is let in', async () => {
  const { authenticator: _, ...forgetful } = buildOptions()
  // @ts-expect-error what is forgotten does not even compile
  await assert.rejects(buildHttpServer(forgetful), TypeError)
})
