import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

const SCHEMA = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }

type Loaded = {
  readonly 'metadata-location': string
  readonly metadata: { readonly location: string; readonly properties: Readonly<Record<string, string>> }
}

async function world(change: (catalog: Catalog) => Partial<Catalog> = () => ({})) {
  const { pointers: kept, drops } = memoryCatalogs()
  /** What the store says of the next pointer, once set. */
  const store: { lost?: Error } = {}
  const pointers: TablePointers = {
    ...kept,
    async addPointer(...args) {
      if (store.lost === undefined) return kept.addPointer(...args)
      throw store.lost
    },
  }
  const io = memoryFileIO()
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/lake',
    pointers,
    drops: { pointers: drops, retentionMs: 1e9 },
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
  })
  const server = await serveIcebergRest({
    findCatalog: async () => buildOpened({ ...catalog, ...change(catalog) }, { io }),
  })
  const ask = async (path: string, body?: object, method: 'GET' | 'POST' | 'DELETE' = body ? 'POST' : 'GET') => {
    const url = `/v1/${path}`
    const answer = await server.inject({ method, url, ...(body && { payload: body }) })
    const json = (answer.body === '' ? {} : answer.json()) as Loaded
    return { status: answer.statusCode, json, text: answer.body }
  }
  const sales = 'catalogs/lake/namespaces/sales'
  await ask('catalogs/lake/namespaces', { namespace: ['sales'] })
  for (const name of ['orders', 'lines']) await ask(`${sales}/tables`, { name, schema: SCHEMA })
  const set = (a: string) => ({ requirements: [], updates: [{ action: 'set-properties', updates: { a } }] })
  return { ask, sales, set, io, store, orders: `${sales}/tables/orders` }
}

test('a metadata file takes the place of the table, and commits go on from it', async () => {
  const { ask, sales, set, io, orders } = await world()
  const { 'metadata-location': first } = (await ask(orders)).json
  await ask(orders, set('1'))
  const { 'metadata-location': second } = (await ask(orders)).json
  const body = { name: 'orders', 'metadata-location': first }
  assert.equal((await ask(`${sales}/register`, body)).status, 409)
  assert.equal((await ask(`${sales}/register`, { ...body, overwrite: false })).status, 409)
  const over = await ask(`${sales}/register`, { ...body, overwrite: true })
  assert.deepEqual([over.status, over.json['metadata-location']], [200, first])
  assert.equal((await ask(`${sales}/register`, { ...body, overwrite: true })).status, 200)
  assert.equal((await ask(orders)).json['metadata-location'], first)
  assert.ok(io.locations().includes(second))
  assert.equal((await ask(orders, set('2'))).json.metadata.properties['a'], '2')
  // Where there is none it is registered.
  const { 'metadata-location': last } = (await ask(orders)).json
  await ask(orders, undefined, 'DELETE')
  const back = { name: 'orders', 'metadata-location': last, overwrite: true }
  assert.equal((await ask(`${sales}/register`, back)).status, 200)
})

test('the place of another table is not taken that way', async () => {
  const { ask, sales, orders } = await world()
  const lines = (await ask(`${sales}/tables/lines`)).json
  const before = (await ask(orders)).text
  const taken = await ask(`${sales}/register`, {
    name: 'orders',
    'metadata-location': lines['metadata-location'],
    overwrite: true,
  })
  assert.equal(taken.status, 400)
  assert.match(taken.text, /that of another table/)
  const outside = { name: 'orders', 'metadata-location': 's3://other/x.metadata.json', overwrite: true }
  assert.match((await ask(`${sales}/register`, outside)).text, /outside of the warehouse/)
  assert.equal((await ask(orders)).text, before)
})

test('a protected table is neither overwritten, nor unregistered, nor dropped', async () => {
  const { ask, sales, orders } = await world()
  const { 'metadata-location': first } = (await ask(orders)).json
  const updates = { 'deletion-protection.enabled': 'true' }
  await ask(orders, { requirements: [], updates: [{ action: 'set-properties', updates }] })
  const before = (await ask(orders)).text
  for (const answer of [
    await ask(`${sales}/register`, { name: 'orders', 'metadata-location': first, overwrite: true }),
    await ask(`${orders}/unregister`, undefined, 'POST'),
    await ask(orders, undefined, 'DELETE'),
  ]) {
    assert.deepEqual([answer.status, /sales\.orders is protected/.test(answer.text)], [403, true], answer.text)
  }
  assert.equal((await ask(orders)).text, before)
})

test('a commit that comes at the same time is not lost', async () => {
  const { ask, sales, set, io, orders } = await world()
  const { 'metadata-location': first } = (await ask(orders)).json
  const copy = first.replace(/[^/]+$/, '00009-copy.metadata.json')
  await io.write(copy, await io.read(first), { isUnreferenced: true })
  const read = io.read.bind(io)
  let commits = 0
  Object.assign(io, {
    async read(...args: Parameters<typeof read>) {
      if (args[0] === copy) {
        commits += 1
        assert.equal((await ask(orders, set('meanwhile'))).status, 200)
      }
      return read(...args)
    },
  })
  const over = await ask(`${sales}/register`, { name: 'orders', 'metadata-location': copy, overwrite: true })
  assert.deepEqual([over.status, /another commit to sales\.orders came first/.test(over.text)], [409, true], over.text)
  assert.equal(commits, 1)
  assert.equal((await ask(orders)).json.metadata.properties['a'], 'meanwhile')
})

test('what cannot overwrite says so by name', async () => {
  const { ask, sales } = await world((catalog) => {
    const { overwriteTable: _, dropped: __, ...rest } = catalog
    return { ...rest, overwriteTable: undefined, dropped: undefined } as unknown as Partial<Catalog>
  })
  const body = { name: 'orders', 'metadata-location': 's3://b/lake/x', overwrite: true }
  const over = await ask(`${sales}/register`, body)
  assert.deepEqual([over.status, /catalog lake cannot register over/.test(over.text)], [406, true])
  const gone = await ask(`${sales}/tables/orders/unregister`, {})
  assert.deepEqual([gone.status, /catalog lake does not say/.test(gone.text)], [406, true])
  assert.doesNotMatch((await ask('config?warehouse=lake')).text, /unregister/)
})

test('a table is unregistered in the state that is answered, and its files stay', async () => {
  const { ask, sales, io, orders, set } = await world()
  await ask(orders, set('1'))
  const { text, json } = await ask(orders)
  const files = io.locations()
  assert.match((await ask('config?warehouse=lake')).text, /tables\/\{table\}\/unregister/)
  const unregistered = await ask(`${orders}/unregister`, undefined, 'POST')
  assert.deepEqual([unregistered.status, unregistered.text], [200, text])
  assert.deepEqual(io.locations(), files)
  for (const again of [ask(orders), ask(orders, set('2')), ask(`${orders}/unregister`, undefined, 'POST')]) {
    assert.equal((await again).status, 404)
  }
  const back = { name: 'orders', 'metadata-location': json['metadata-location'] }
  assert.equal((await ask(`${sales}/register`, back)).status, 200)
  assert.equal((await ask(orders)).text, text)
})

test('what may have been created or registered is not answered as if nothing was done', async () => {
  const { ask, sales, orders, store, io } = await world()
  const { 'metadata-location': first } = (await ask(orders)).json
  const location = first.replace('/orders/', '/back/')
  const metadata = Buffer.from(await io.read(first))
    .toString('utf8')
    .replaceAll('/sales/orders', '/sales/back')
  await io.write(location, Buffer.from(metadata), { isUnreferenced: true })
  store.lost = new MoraineError('unavailable', 'the connection was reset')
  for (const [path, body, done] of [
    ['tables', { name: 'new', schema: SCHEMA }, 'table sales.new may or may not have been created; look for it'],
    [
      'register',
      { name: 'back', 'metadata-location': location },
      'table sales.back may or may not have been registered',
    ],
  ] as const) {
    const { status, text } = await ask(`${sales}/${path}`, body)
    assert.equal(status, 500, text)
    assert.match(text, /"CommitStateUnknownException"/)
    assert.ok(text.includes(done), text)
  }
})
