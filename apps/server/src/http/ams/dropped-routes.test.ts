import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { systemRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { droppedRoutes } from './dropped-routes.ts'
import type { ApiServer } from './route-types.ts'

async function setUp() {
  const { pointers, drops } = memoryCatalogs()
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers,
    drops: { pointers: drops, retentionMs: 1000 },
    io: memoryFileIO(),
    clock: virtualClock(5),
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
  })
  const { dropped: _, ...external } = catalog
  const server = Fastify()
  droppedRoutes(server as ApiServer, {
    catalogs: async (name) => (name === 'lake' ? catalog : name === 'theirs' ? external : undefined),
  })
  return { catalog, server }
}

test('a dropped table is listed and restored under a name of choice', async () => {
  const { catalog, server } = await setUp()
  const { metadataLocation } = await createSalesOrders({ catalog })
  await catalog.dropTable(ORDERS)
  const listed = (await server.inject('/catalogs/lake/dropped-tables')).json<{
    result: { list: { dropId: string }[] }
  }>()
  const [entry] = listed.result.list
  assert.ok(entry !== undefined)
  const expected = {
    kind: 'table',
    namespace: ['sales'],
    name: 'orders',
    metadataLocation,
    droppedAt: 5,
    purgeAt: 1005,
  }
  assert.deepEqual(entry, { dropId: entry.dropId, ...expected, purgesFiles: false })
  const restore = (body: object) =>
    server.inject({ method: 'POST', url: `/catalogs/lake/dropped-tables/${entry.dropId}/restore`, payload: body })
  const restored = await restore({ as: { namespace: ['sales'], name: 'back' } })
  assert.deepEqual(restored.json<{ result: object }>().result, { ...entry, name: 'back' })
  assert.equal((await catalog.loadTable({ namespace: ['sales'], name: 'back' })).metadataLocation, metadataLocation)
  assert.match((await restore({})).json<{ message: string }>().message, /there is no dropped table/)
})

test('catalogs that are not there, or keep nothing, say so', async () => {
  const { server } = await setUp()
  const messageOf = async (name: string) =>
    (await server.inject(`/catalogs/${name}/dropped-tables`)).json<{ message: string }>().message
  assert.match(await messageOf('none'), /there is no catalog 'none'/)
  assert.match(await messageOf('theirs'), /keeps nothing dropped/)
})
