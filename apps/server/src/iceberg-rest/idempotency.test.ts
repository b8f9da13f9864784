import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { icebergRest } from './iceberg-rest.ts'
import { Idempotency } from './idempotency.ts'

const KEY = '018f2f7e-0000-7000-8000-00000000000a'
const OTHER = '018f2f7e-0000-7000-8000-00000000000b'
const CATALOG = '/v1/catalogs/lake'

async function serve(
  change: (catalog: Catalog) => Partial<Catalog> = () => ({}),
  answers: AnsweredRequestStore = memoryAnsweredRequests(),
) {
  const unkept: string[] = []
  const clock = virtualClock()
  const lake = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers: memoryCatalogs().pointers,
    io: memoryFileIO(),
    clock,
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
  })
  const server = Fastify({ routerOptions: { maxParamLength: 2000 } })
  await server.register(icebergRest, {
    catalogs: () => ({ ...lake, ...change(lake) }),
    idempotency: new Idempotency(answers, clock, (error) => unkept.push(String(error))),
  })
  const ask = async (method: 'POST' | 'DELETE' | 'GET', path: string, body?: object, key?: string) => {
    const {
      statusCode,
      json,
      body: text,
    } = await server.inject({
      method,
      url: `${CATALOG}/${path}`,
      headers: { ...(key !== undefined && { 'idempotency-key': key }), 'content-type': 'application/json' },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    return { status: statusCode, text, json: () => json() as unknown }
  }
  return { clock, ask, server, unkept }
}

const TABLE = {
  name: 'orders',
  schema: { type: 'struct', fields: [{ id: 1, name: 'a', required: false, type: 'int' }] },
}
const NAMESPACE = { namespace: ['sales'] }

test('a request that is made again gets its answer again, and does nothing', async () => {
  const { ask } = await serve()
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  assert.equal((await ask('POST', 'namespaces', NAMESPACE)).status, 409)
  const created = await ask('POST', 'namespaces/sales/tables', TABLE, OTHER)
  const again = await ask('POST', 'namespaces/sales/tables', TABLE, OTHER.toUpperCase())
  assert.deepEqual([again.status, again.text], [created.status, created.text])
  const dropping = KEY.replace('a', 'c')
  assert.equal((await ask('DELETE', 'namespaces/sales/tables/orders', undefined, dropping)).status, 204)
  assert.equal((await ask('DELETE', 'namespaces/sales/tables/orders', undefined, dropping)).status, 204)
  assert.equal((await ask('DELETE', 'namespaces/sales/tables/orders')).status, 404)
})

test('requests with one key at the same time are made once', async () => {
  const { ask } = await serve()
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', 'namespaces', NAMESPACE, KEY)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
})

test('a refusal is an answer, too; a failure is not', async () => {
  let isBroken = true
  const { ask } = await serve((lake) => ({
    createNamespace: (namespace, properties) =>
      isBroken ? Promise.reject(new Error('database gone')) : lake.createNamespace(namespace, properties),
  }))
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 500)
  isBroken = false
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, OTHER)).status, 409)
  assert.equal((await ask('DELETE', 'namespaces/sales')).status, 204)
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, OTHER)).status, 409)
})

test('a key belongs to one request, for half an hour', async () => {
  const { ask, clock } = await serve()
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  const reused = await ask('POST', 'namespaces', { namespace: ['other'] }, KEY)
  assert.equal(reused.status, 422)
  assert.match(reused.text, /used for another request/)
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, 'abc')).status, 400)
  await clock.run(clock.sleep(36 * 60_000))
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 409)
})

test('clients are told that keys are understood', async () => {
  const { server } = await serve()
  const { body } = await server.inject({ url: '/v1/config?warehouse=lake' })
  assert.match(body, /"idempotency-key-lifetime":"PT30M"/)
})

test('an answer that cannot be kept is given all the same: its work is done', async () => {
  const answers = memoryAnsweredRequests()
  const { ask, unkept } = await serve(() => ({}), {
    ...answers,
    saveAnswer: async () => {
      throw new Error('the disk is full')
    },
  })
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  assert.deepEqual(unkept, ['Error: the disk is full'])
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 409)
})
