import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { systemClock } from '@moraine/stdx/clock'
import type { JsonObject } from '@moraine/stdx/exact-json'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { aroundCalls, type FileIoCall } from '@moraine/storage/file-io-calls'
import { withTimeout } from '@moraine/storage/with-timeout'
import { eventually } from '@moraine/testkit/eventually'
import { type Fault, faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { icebergRest } from './iceberg-rest.ts'

// A store that fails, or does not answer, and clients that hang up: what is answered, what is left, and that the catalog
// beside, whose store is well, answers meanwhile.

const LAKE = '/v1/catalogs/lake/namespaces'
const OTHER = '/v1/catalogs/other/namespaces'
const ORDERS = `${LAKE}/sales/tables/orders`
const SCHEMA = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
const SCAN = { filter: true }
const set = (key: string) => ({ requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] })

/** @param ail what becomes of the files of the catalog `lake` */
async function world(ail: (io: FileIO) => FileIO) {
  const { pointers, drops } = memoryCatalogs()
  const io = memoryFileIO()
  const open = (name: string, files: FileIO) =>
    internalCatalog({
      name,
      warehouse: `s3://b/${name}`,
      pointers,
      drops: { pointers: drops, retentionMs: 1e9 },
      io: files,
      clock: systemClock,
      random: seededRandom(7),
      onLeftover: () => {},
    })
  // As after a start: nothing is remembered of the files.
  const catalogs = { lake: open('lake', ail(io)), other: open('other', io) }
  const server = Fastify({ routerOptions: { maxParamLength: 2048 }, forceCloseConnections: true })
  await server.register(icebergRest, {
    catalogs: (name) => (name === 'lake' || name === 'other' ? catalogs[name] : undefined),
    ioOf: async (name) => (name === 'lake' ? ail(io) : io),
  })
  const well = open('lake', io)
  for (const catalog of [well, catalogs.other]) {
    await catalog.createNamespace(['sales'])
    await catalog.createTable(
      { namespace: ['sales'], name: 'orders' },
      {
        schema: {
          schemaId: 0,
          fields: [{ id: 1, name: 'id', required: true, type: { kind: 'long' } }],
          identifierFieldIds: [],
        },
      },
    )
  }
  const ask = async (url: string, body?: object, method?: 'DELETE') => {
    const answer = await server.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url,
      ...(body !== undefined && { payload: body }),
    })
    const { error } = (answer.body === '' ? {} : parseExactJson(answer.body, url)) as { error?: JsonObject }
    return { status: answer.statusCode, type: error?.['type'], message: String(error?.['message'] ?? '') }
  }
  const load = () => well.loadTable({ namespace: ['sales'], name: 'orders' })
  /** Every file in the warehouse belongs to the table. */
  const strays = async () => {
    const { metadata, metadataLocation } = await load()
    const own = new Set([metadataLocation, ...metadata.metadataLog.map(({ metadataFile }) => metadataFile)])
    return io.locations().filter((location) => location.startsWith('s3://b/lake/') && !own.has(location))
  }
  return { server, ask, load, strays, io }
}

const WORK: readonly (readonly [what: string, url: string, body: object | undefined])[] = [
  ['load', ORDERS, undefined],
  ['commit', ORDERS, set('a')],
  ['create', `${LAKE}/sales/tables`, { name: 'new', schema: SCHEMA }],
  [
    'transaction',
    '/v1/catalogs/lake/transactions/commit',
    {
      'table-changes': [{ identifier: { namespace: ['sales'], name: 'orders' }, ...set('a') }],
    },
  ],
  ['register', `${LAKE}/sales/register`, { name: 'new', 'metadata-location': 's3://b/lake/x/v1.metadata.json' }],
  ['plan', `${ORDERS}/plan`, SCAN],
]

for (const fault of [
  { kind: 'before', error: 'unavailable' },
  { kind: 'after', error: 'unavailable' },
  { kind: 'before', error: 'timeout' },
] as const satisfies readonly Fault[]) {
  test(`a store that fails each call, ${fault.kind} ${fault.error}: 503, and nothing is done`, async () => {
    let isIll = true
    const { ask, load, strays } = await world((io) => faultyFileIO(io, () => (isIll ? fault : undefined), systemClock))
    const before = await load()
    for (const [what, url, body] of WORK) {
      const { status, type, message } = await ask(url, body)
      // What is not there is not there, however the call ended.
      if (what === 'register' && fault.kind === 'after') continue
      assert.deepEqual([status, type], [503, 'ServiceUnavailableException'], `${what}: ${message}`)
      assert.match(message, /s3:\/\/b\/lake/, what)
      assert.deepEqual(await load(), before, what)
    }
    assert.equal((await ask(`${LAKE}/sales/tables/new`)).status, 404)
    if (fault.kind === 'before') assert.deepEqual(await strays(), [])
    assert.equal((await ask(`${OTHER}/sales/tables/orders`, set('a'))).status, 200)
    isIll = false
    for (const [what, url, body] of WORK) {
      if (what !== 'register') assert.equal((await ask(url, body)).status, what === 'transaction' ? 204 : 200, what)
    }
  })
}

test('a table is dropped although its store fails', async () => {
  const { ask } = await world((io) => faultyFileIO(io, () => ({ kind: 'before', error: 'unavailable' }), systemClock))
  assert.equal((await ask(`${ORDERS}?purgeRequested=true`, undefined, 'DELETE')).status, 204)
})

test('a store that does not answer holds up nobody else, and only until the deadline', async () => {
  const clock = virtualClock()
  const asked: FileIoCall[] = []
  const silent = (io: FileIO): FileIO => {
    const never = aroundCalls(io, (call) => {
      asked.push(call)
      return new Promise<never>(() => {})
    })
    const list: FileIO['list'] = (location) => ({
      [Symbol.asyncIterator]: () => ({
        next() {
          asked.push({ operation: 'list', location, sizeBytes: 0, objects: 0 })
          return new Promise<never>(() => {})
        },
      }),
    })
    return withTimeout({ ...never, list }, { clock })
  }
  const { ask, load, strays } = await world(silent)
  const before = await load()
  const waiting = WORK.map(([what, url, body]) => ({ what, answer: ask(url, body) }))
  let answered = 0
  for (const { answer } of waiting) void answer.then(() => (answered += 1))
  // Of the two commits to one table the second waits for the first.
  await eventually('all at the store', () => (asked.length === WORK.length - 1 ? true : undefined))

  for (const [, url, body] of WORK) {
    if (url.endsWith('register')) continue
    const beside = body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as object)
    assert.ok((await ask(url.replace('/lake/', '/other/'), beside)).status < 300, url)
  }
  assert.equal(answered, 0)

  while (answered < WORK.length) {
    clock.step()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(clock.now() < 600_000, `${clock.now()} ms`)
  for (const { what, answer } of waiting) {
    const { status, type, message } = await answer
    assert.deepEqual([status, type], [503, 'ServiceUnavailableException'], `${what}: ${message}`)
  }
  assert.deepEqual(await load(), before)
  assert.deepEqual(await strays(), [])
})

test('a client that hangs up amid its request has asked for nothing', async () => {
  const { server, load, strays } = await world((io) => io)
  await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    const before = await load()
    const body = JSON.stringify(set('a'))
    for (const sent of [0, 1, body.length - 1]) {
      const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
      const arrived = once(server.server, 'request')
      const head = [
        `POST ${ORDERS} HTTP/1.1`,
        'host: x',
        'content-type: application/json',
        `content-length: ${body.length}`,
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, sent)}`)
      const [request] = (await arrived) as [{ readonly destroyed: boolean }]
      socket.destroy()
      await eventually('the end of the request', () => (request.destroyed ? true : undefined))
    }
    assert.deepEqual(await load(), before)
    assert.deepEqual(await strays(), [])
  } finally {
    await server.close()
  }
})

test('a commit whose client hangs up is made as a whole, and so are those that wait behind it', async () => {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const { server, load, strays } = await world((io) =>
    aroundCalls(io, async ({ operation }, run, signal) => {
      if (operation === 'write') {
        reached.resolve()
        await gate.promise
      }
      return run(signal)
    }),
  )
  await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    const uri = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}${ORDERS}`
    const send = (key: string, signal?: AbortSignal) =>
      fetch(uri, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(set(key)),
        ...(signal !== undefined && { signal }),
      })
    const hangUp = new AbortController()
    const first = send('first', hangUp.signal)
    await reached.promise
    const arrived = once(server.server, 'request')
    const second = send('second')
    await arrived
    hangUp.abort()
    await assert.rejects(first, /abort/i)
    gate.resolve()
    assert.equal((await second).status, 200)
    const { metadata } = await load()
    assert.deepEqual(
      Object.keys(metadata.properties)
        .filter((key) => key === 'first' || key === 'second')
        .sort(),
      ['first', 'second'],
    )
    assert.deepEqual(await strays(), [])
  } finally {
    await server.close()
  }
})
