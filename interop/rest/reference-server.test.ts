import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startRestServer } from '../lab/rest-server.ts'
import { openForeign } from './foreign-catalog-under-test.ts'
import { referenceServerConformance } from './reference-server-conformance.ts'

// The conformance suite over the Iceberg project's own REST server, RESTCatalogServer, which keeps its catalog in SQLite.

const name = `reference-${process.pid}`
const server = startRestServer(name)
after(() => {
  if (server.kind === 'started') server.engine.stop()
})
if (server.kind === 'unavailable') test('the reference server', (context) => context.skip(server.why))
else {
  const { properties } = server.engine
  referenceServerConformance('reference server', server.engine, properties)
  // It asks nobody who they are: what it shows is that its answer, which does not say how long a token lives, is a token.
  test('a token of its OAuth2 endpoint is used', async () => {
    const seen: (string | null)[] = []
    const send: typeof fetch = (input, init) => {
      seen.push(new Headers(init?.headers).get('authorization'))
      return fetch(input, init)
    }
    const catalog = await openForeign({ ...properties, credential: 'lab:labsecret' }, send)
    assert.deepEqual(await catalog.listNamespaces([]), { items: [] })
    const bearer = 'Bearer client-credentials-token:sub=lab'
    assert.deepEqual(seen, [null, bearer, bearer], 'one token is asked for')
  })
}
