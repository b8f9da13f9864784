import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { Idempotency } from './idempotency.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

// By 503 a client is told that nothing was done: whatever a request reads once it has changed something may fail, and that
// is not what it is told then.

const SCHEMA = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
const KEY = '018f2f7e-0000-7000-8000-00000000000a'
const SALES = '/v1/catalogs/lake/namespaces/sales'
const ORDERS = `${SALES}/tables/orders`
const set = (a: string) => ({ requirements: [], updates: [{ action: 'set-properties', updates: { a } }] })
const named = (name: string) => ({ namespace: ['sales'], name })
const VIEW = {
  'version-id': 1,
  'schema-id': 0,
  'timestamp-ms': 1,
  summary: {},
  'default-namespace': ['sales'],
  representations: [{ type: 'sql', sql: 'select 1', dialect: 'spark' }],
}

/** Whether anything was changed since it was last reset; nothing can be read then. */
type State = { hasChanged: boolean; fails: boolean }

function failingReads<Store extends object>(store: Store, state: State, { changes }: { changes: boolean }): Store {
  return new Proxy(store, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key)
      if (typeof method !== 'function') return method
      const isRead = /^(find|list|read|load|stat|exists|open|size)/.test(String(key))
      return (...args: readonly unknown[]): unknown => {
        if (isRead && state.fails && state.hasChanged) {
          return Promise.reject(new MoraineError('unavailable', `${String(key)}: the store is away`))
        }
        if (!isRead && changes) state.hasChanged = true
        return Reflect.apply(method, target, args)
      }
    },
  })
}

async function world() {
  const state: State = { hasChanged: false, fails: false }
  const { pointers, drops } = memoryCatalogs()
  const io = memoryFileIO()
  const failing = failingReads(drops, state, { changes: true })
  const open = (isWell: boolean) =>
    internalCatalog({
      name: 'lake',
      warehouse: 's3://b/lake',
      pointers: isWell ? pointers : failingReads(pointers, state, { changes: true }),
      drops: { pointers: isWell ? drops : failing, retentionMs: 1e9 },
      io: isWell ? io : failingReads(io, state, { changes: false }),
      clock: systemClock,
      random: systemRandom,
      onLeftover: () => {},
    })
  const [ill, well] = [open(false), open(true)]
  const dropped = must(ill.dropped, 'what is dropped')
  const catalog = {
    ...ill,
    dropped: {
      ...dropped,
      /** Another commit comes right before. */
      async dropTable(...[identifier, options]: Parameters<typeof dropped.dropTable>) {
        await well.commitTable(identifier, {
          requirements: [],
          updates: [{ action: 'set-properties', updates: { z: '' } }],
        })
        return dropped.dropTable(identifier, options)
      },
    },
  }
  const server = await serveIcebergRest({
    findCatalog: async () => buildOpened(catalog, { io: failingReads(io, state, { changes: false }) }),
    idempotency: new Idempotency(memoryAnsweredRequests(), systemClock, (error) => assert.fail(String(error))),
  })
  const ask = async (method: 'POST' | 'DELETE' | 'GET', url: string, body?: object, key?: string) => {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const answer = await server.inject({ method, url, headers, ...(body && { payload: body }) })
    return { status: answer.statusCode, text: answer.body }
  }
  await ask('POST', '/v1/catalogs/lake/namespaces', { namespace: ['sales'] })
  await ask('POST', '/v1/catalogs/lake/namespaces', { namespace: ['empty'] })
  await ask('POST', `${SALES}/tables`, { name: 'orders', schema: SCHEMA })
  await ask('POST', `${SALES}/tables`, { name: 'lines', schema: SCHEMA })
  const view = { name: 'seen', schema: SCHEMA, 'view-version': VIEW, properties: {} }
  assert.equal((await ask('POST', `${SALES}/views`, view)).status, 200)
  const at = async (name: string) => (await well.loadTable(named(name))).metadataLocation
  const [orders, lines] = [await at('orders'), await at('lines')]
  await well.dropTable(named('lines'))
  return { ask, state, orders, lines, view }
}

type World = Awaited<ReturnType<typeof world>>

const CHANGES: Readonly<Record<string, (world: World) => readonly ['POST' | 'DELETE', string, object?]>> = {
  'create a namespace': () => ['POST', '/v1/catalogs/lake/namespaces', { namespace: ['new'] }],
  'change a namespace': () => ['POST', `${SALES}/properties`, { updates: { a: 'b' } }],
  'drop a namespace': () => ['DELETE', '/v1/catalogs/lake/namespaces/empty'],
  'create a table': () => ['POST', `${SALES}/tables`, { name: 'new', schema: SCHEMA }],
  'commit to a table': () => ['POST', ORDERS, set('1')],
  'commit to tables': () => [
    'POST',
    '/v1/catalogs/lake/transactions/commit',
    { 'table-changes': [{ identifier: named('orders'), ...set('1') }] },
  ],
  'rename a table': () => [
    'POST',
    '/v1/catalogs/lake/tables/rename',
    { source: named('orders'), destination: named('o') },
  ],
  'register a table': ({ lines }) => ['POST', `${SALES}/register`, { name: 'lines', 'metadata-location': lines }],
  'register over a table': ({ orders }) => [
    'POST',
    `${SALES}/register`,
    { name: 'orders', 'metadata-location': orders, overwrite: true },
  ],
  'unregister a table': () => ['POST', `${ORDERS}/unregister`],
  'drop a table': () => ['DELETE', ORDERS],
  'drop a table and its files': () => ['DELETE', `${ORDERS}?purgeRequested=true`],
  'create a view': ({ view }) => ['POST', `${SALES}/views`, { ...view, name: 'more' }],
  'commit to a view': () => ['POST', `${SALES}/views/seen`, set('1')],
  'rename a view': () => ['POST', '/v1/catalogs/lake/views/rename', { source: named('seen'), destination: named('s') }],
  'drop a view': () => ['DELETE', `${SALES}/views/seen`],
}

for (const [what, requestOf] of Object.entries(CHANGES)) {
  test(`${what}: whatever is read afterwards fails, and nobody is told that nothing was done`, async () => {
    const here = await world()
    const [method, url, body] = requestOf(here)
    Object.assign(here.state, { hasChanged: false, fails: true })
    for (const tried of ['at first', 'again']) {
      const { status, text } = await here.ask(method, url, body, KEY)
      assert.ok([200, 204, 500].includes(status), `${tried}: ${status} ${text}`)
      if (status === 500) assert.match(text, /CommitStateUnknownException/, tried)
      if (status === 500) break
    }
  })
}

test('a table that is unregistered, and not read, says where its state is', async () => {
  const { ask, state } = await world()
  Object.assign(state, { hasChanged: false, fails: true })
  const { status, text } = await ask('POST', `${ORDERS}/unregister`)
  assert.equal(status, 500)
  assert.match(
    text,
    /table sales\.orders was forgotten in the state of its metadata file s3:\/\/b\/lake\/sales\/orders\/metadata\/00001-[^ ]+\.json/,
  )
  state.fails = false
  assert.equal((await ask('GET', ORDERS)).status, 404)
})
