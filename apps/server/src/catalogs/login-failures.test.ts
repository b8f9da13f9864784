import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { restErrorOf } from '../iceberg-rest/rest-error.ts'
import { asLoginFailure, withLoginFailures } from './login-failures.ts'

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}

function open(properties: Readonly<Record<string, string>>, answer: (path: string) => Response) {
  const send = async (url: string | URL | Request) => answer(new URL(String(url)).pathname)
  const given = { uri: 'http://far', 'rest.client.max-retries': '0', ...properties }
  return openRestCatalog({ name: 'far', properties: given, clock: systemClock, fetch: send })
}

const CONFIG = { defaults: {}, overrides: {} }

test('a credential that the other server refuses is its failure, not a refusal of the caller', async () => {
  let status = 200
  const bearer = await open({ token: 'hunter2' }, (path) =>
    path.endsWith('config')
      ? json(200, CONFIG)
      : json(status, { error: { message: 'who are you', type: 'X', code: status } }),
  )
  const catalog = withLoginFailures(bearer)
  for (status of [401, 419]) {
    const error = await catalog.loadTable(ORDERS).catch((refusal: unknown) => refusal)
    assert.equal(restErrorOf(error).status, 503)
    assert.match(
      String(error),
      /the server of catalog far does not let this service in: .*who are you.*check the token/,
    )
  }
  status = 403
  assert.equal(restErrorOf(await catalog.loadTable(ORDERS).catch((refusal: unknown) => refusal)).status, 403)
})

test('so is a token that is not given any more, as it opens too', async () => {
  const refused = () => json(401, { error: 'invalid_client' })
  const opening = open({ credential: 'id:revoked' }, refused).catch((error: unknown) => asLoginFailure('far', error))
  const error = await opening
  assert.equal(restErrorOf(error).status, 503)
  assert.match(String(error), /does not let this service in: .*gave no token \(status 401, invalid_client\)/)
})
