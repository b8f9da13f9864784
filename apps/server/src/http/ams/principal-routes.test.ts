import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

test('grants that were expected to be others are not replaced', async () => {
  const stores = memoryStores()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const server = await buildHttpServer(buildOptions({ stores }))
  const send = async (method: 'POST' | 'PUT', path: string, payload: object) =>
    (await server.inject({ method, url: `/api/ams/v1/principals${path}`, payload })).statusCode
  const viewer = { role: 'viewer', catalog: 'lake', namespace: ['sales'] }
  const change = (grants: readonly object[], expectedGrants?: readonly object[]) =>
    send('PUT', '/bi', { grants, ...(expectedGrants && { expectedGrants }) })
  const roles = async () => (await stores.principals.findPrincipal('bi'))?.grants.map(({ role }) => role)

  assert.equal(await send('POST', '', { name: 'bi', grants: [viewer] }), 200)
  assert.equal(await change([{ role: 'admin' }], []), 409)
  assert.equal(await change([{ role: 'admin' }], [{ ...viewer, namespace: ['ads'] }]), 409)
  assert.deepEqual(await roles(), ['viewer'])
  assert.equal(await change([viewer, { role: 'operator' }], [viewer]), 200)
  assert.equal(await change([{ role: 'editor' }], [viewer]), 409)
  assert.equal(await change([{ role: 'editor' }]), 200)
  assert.deepEqual(await roles(), ['editor'])
})
