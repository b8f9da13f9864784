import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { Grant } from '@moraine/management/access/grant'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { openAuthenticator } from '../../access/authenticator.ts'
import { buildOpened, findAmong } from '../../catalogs/testing/build-opened.ts'
import { inTimeBy } from '../../requests/answer-in-time.ts'
import { droppedRoutes } from './dropped-routes.ts'
import { guardRoutes } from './guard-routes.ts'
import { jsonBodies } from './json-bodies.ts'
import type { ApiServer } from './route-types.ts'

const EXTERNAL = ['filesystem', 'hadoop', 'hive', 'glue', 'jdbc', 'rest', 'custom'] as const
const PLACEMENT = { warehouse: 's3://theirs', allowsExternal: true }

async function setUp(authenticator = openAuthenticator()) {
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
  jsonBodies(server)
  guardRoutes(server, '', authenticator)
  const now = { value: 5 }
  droppedRoutes(server as ApiServer, {
    clock: { now: () => now.value as EpochMs },
    inTime: inTimeBy(virtualClock()),
    findCatalog: findAmong({
      lake: buildOpened(catalog),
      ...Object.fromEntries(
        EXTERNAL.map((type) => [type, buildOpened(external, { placement: { ...PLACEMENT, type } })]),
      ),
    }),
  })
  return { catalog, server, now }
}

test('a dropped table is listed and restored under a name of choice', async () => {
  const { catalog, server, now } = await setUp()
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
  assert.deepEqual(entry, { dropId: entry.dropId, ...expected, purgesFiles: false, isDue: false })
  now.value = 1005
  const due = (await server.inject('/catalogs/lake/dropped-tables')).json<{
    result: { list: { isDue: boolean }[]; purgeIntervalMs: number }
  }>().result
  assert.deepEqual([due.list.map(({ isDue }) => isDue), due.purgeIntervalMs], [[true], 60_000])
  now.value = 5
  const restore = (body: object) =>
    server.inject({ method: 'POST', url: `/catalogs/lake/dropped-tables/${entry.dropId}/restore`, payload: body })
  await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  for (const taken of [{}, { as: { namespace: ['sales'], name: 'orders' } }]) {
    const { message } = (await restore(taken)).json<{ message: string }>()
    assert.match(message, /already exists: sales\.orders; nothing was restored: restore it under another name \(as;/)
  }
  const { message } = (await restore({ as: { namespace: ['gone'], name: 'orders' } })).json<{ message: string }>()
  assert.match(message, /gone.*; nothing was restored: create the namespace first, or restore it .*--as/)
  const restored = await restore({ as: { namespace: ['sales'], name: 'back' } })
  assert.deepEqual(restored.json<{ result: object }>().result, { ...entry, name: 'back' })
  assert.equal((await catalog.loadTable({ namespace: ['sales'], name: 'back' })).metadataLocation, metadataLocation)
  assert.match((await restore({})).json<{ message: string }>().message, /there is no dropped table/)
})

test('a dropped table is restored under its name by a request that says nothing more', async () => {
  const { catalog, server } = await setUp()
  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    await createSalesOrders({ catalog }).catch(() => undefined)
    await catalog.dropTable(ORDERS)
    const { items } = (await catalog.dropped?.listDropped()) ?? { items: [] }
    const url = `/catalogs/lake/dropped-tables/${items[0]?.dropId}/restore`
    const { statusCode, body } = await server.inject({ method: 'POST', url, headers })
    assert.equal(statusCode, 200, body)
    assert.ok(await catalog.findMetadataLocation(ORDERS))
  }
})

test('a dropped table is had back by whoever may write it, where it was and where it comes to', async () => {
  const setting: { grants: readonly Grant[] } = { grants: [] }
  const identify = async () => ({ name: 'etl', grants: setting.grants })
  const { catalog, server } = await setUp({ ...openAuthenticator(), identify })
  await createSalesOrders({ catalog })
  await catalog.createNamespace(['hr'])
  await catalog.dropTable(ORDERS)
  const { items } = (await catalog.dropped?.listDropped()) ?? { items: [] }
  const restore = async (payload: object) => {
    const url = `/catalogs/lake/dropped-tables/${items[0]?.dropId}/restore`
    return (await server.inject({ method: 'POST', url, payload })).json<{ code: number; message: string }>()
  }
  const editorOf = (...namespace: string[]): Grant => ({ role: 'editor', place: { catalog: 'lake', namespace } })
  const inHr = { as: { namespace: ['hr'], name: 'orders' } }
  for (const grants of [[{ role: 'operator', place: { catalog: 'lake' } }], [editorOf('hr')]] as Grant[][]) {
    setting.grants = grants
    for (const body of [{}, inHr]) assert.match((await restore(body)).message, /etl has no role .* write-table on lake/)
  }
  setting.grants = [editorOf('sales')]
  assert.match((await restore(inHr)).message, /etl has no role .* write-table on lake\.hr\.orders/)
  assert.equal((await restore({})).code, 200)
  assert.ok(await catalog.findMetadataLocation(ORDERS))
})

test('a dropped table is purged now by whoever could have dropped it', async () => {
  const grants = [{ role: 'editor', place: { catalog: 'lake', namespace: ['sales'] } }] as const
  const setting = { grants: grants as readonly Grant[] }
  const identify = async () => ({ name: 'etl', grants: setting.grants })
  const { catalog, server } = await setUp({ ...openAuthenticator(), identify })
  await createSalesOrders({ catalog })
  await catalog.dropTable(ORDERS)
  const { items } = (await catalog.dropped?.listDropped()) ?? { items: [] }
  const purge = async (payload: object, id = items[0]?.dropId) => {
    const url = `/catalogs/lake/dropped-tables/${id}/purge`
    const answer = await server.inject({ method: 'POST', url, payload })
    return { status: answer.statusCode, ...answer.json<{ message: string; result: Record<string, unknown> }>() }
  }
  for (const role of ['viewer', 'operator'] as const) {
    setting.grants = [{ role, place: { catalog: 'lake' } }]
    assert.match(
      (await purge({})).message,
      /etl has no role with the privilege write-table on lake\.sales\.orders/,
      role,
    )
  }
  setting.grants = [{ role: 'admin', place: { catalog: 'lake', namespace: ['hr'] } }]
  assert.match((await purge({})).message, /etl has no role with the privilege write-table on lake\.sales\.orders/)
  setting.grants = grants
  assert.match((await purge({}, 'none')).message, /there is no dropped table none/)
  assert.match((await purge({ file: true })).message, /file is not known; 'files' is meant|files/)
  const { status, result } = await purge({ files: true })
  assert.deepEqual([status, result['purgeAt'], result['purgesFiles'], result['name']], [200, 5, true, 'orders'])
  assert.equal((await purge({})).result['purgesFiles'], true, 'as it was said last')
})

test('catalogs that are not there, or keep nothing, say so, and where what was dropped is', async () => {
  const { server } = await setUp()
  const messageOf = async (name: string) =>
    (await server.inject(`/catalogs/${name}/dropped-tables`)).json<{ message: string }>().message
  assert.match(await messageOf('none'), /there is no catalog none/)
  for (const name of ['filesystem', 'hadoop']) assert.match(await messageOf(name), /dropped-vVERSION-ID\.json/)
  for (const name of ['hive', 'glue', 'jdbc'])
    assert.match(await messageOf(name), /its last metadata file gives it its/)
  assert.match(await messageOf('rest'), /catalog 'rest' is kept by another service: only there/)
  assert.match(await messageOf('custom'), /a module that keeps nothing that was dropped/)
})

test('of what was dropped each sees that in which they have a role', async () => {
  const listedFor = async (namespace: string) => {
    const grants = [{ role: 'viewer', place: { catalog: 'lake', namespace: [namespace] } }] as const
    const { catalog, server } = await setUp({ ...openAuthenticator(), identify: async () => ({ name: 'bi', grants }) })
    await createSalesOrders({ catalog })
    await catalog.dropTable(ORDERS)
    const answer = await server.inject('/catalogs/lake/dropped-tables')
    return answer.json<{ result: { list: { name: string }[] } }>().result.list.map(({ name }) => name)
  }
  assert.deepEqual(await listedFor('sales'), ['orders'])
  assert.deepEqual(await listedFor('hr'), [])
})
