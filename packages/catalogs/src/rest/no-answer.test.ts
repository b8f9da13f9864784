import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { openRestCatalog } from './rest-catalog.ts'

async function told(uri: string): Promise<string> {
  const properties = { uri, 'rest.client.max-retries': '0' }
  const error = await openRestCatalog({ name: 'far', properties, clock: systemClock }).then(
    () => assert.fail('it opened'),
    (failure: unknown) => failure,
  )
  assert.ok(isKind(error, 'unavailable'), String(error))
  return error.message
}

test('a catalog that is not reached is told by its address and the cause, in the message itself', async () => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  assert.equal(
    await told(`https://${host}/x`),
    `GET https://${host}/x/v1/config got no answer: it answers, but not in TLS (ERR_SSL_WRONG_VERSION_NUMBER): is http: meant?; check the uri and the network`,
  )
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  assert.equal(
    await told(`http://${host}/x`),
    `GET http://${host}/x/v1/config got no answer: connect ECONNREFUSED ${host} (nothing listens there); check the uri and the network`,
  )
})
