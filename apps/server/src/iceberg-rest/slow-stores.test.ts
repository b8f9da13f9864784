import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
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
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

// A store that fails, or does not answer, and clients that hang up: what is answered, what is left, and that the catalog
// beside, whose store is well, answers meanwhile.

const LAKE = '/v1/catalogs/lake/namespaces'
const OTHER = '/v1/catalogs/other/namespaces'
const ORDERS = `${LAKE}/sales/tables/orders`
const SCHEMA = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
const SCAN = { filter: true }
const set = (key: string) => ({ requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] })

/**
 * @param ail what becomes of the files of the catalog `lake`
 * @param ailScans the same where scans are planned
 */
async function world(ail: (io: FileIO) => FileIO, ailScans = ail, clock: Pick<Clock, 'sleep'> = systemClock) {
  const failures: string[] = []
  const { pointers, drops } = memoryCatalogs(['lake', 'other'])
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
  const server = await serveIcebergRest({
    findCatalog: findAmong({
      lake: buildOpened(catalogs.lake, { io: ailScans(io) }),
      other: buildOpened(catalogs.other, { io }),
    }),
    clock,
    onFailure: ({ route, error }) => failures.push(`${route} ${describeError(error)}`),
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
  return { server, ask, load, strays, io, failures }
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

test('a table is not dropped while its store fails, since it may be protected', async () => {
  let isIll = true
  const fault = { kind: 'before', error: 'unavailable' } as const
  const { ask } = await world((io) => faultyFileIO(io, () => (isIll ? fault : undefined), systemClock))
  const drop = () => ask(`${ORDERS}?purgeRequested=true`, undefined, 'DELETE')
  const { status, type, message } = await drop()
  assert.deepEqual([status, type], [503, 'ServiceUnavailableException'])
  assert.match(message, /whether table sales\.orders is protected cannot be told now/)
  isIll = false
  assert.equal((await drop()).status, 204)
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

test('requests to a store that never ends a call are answered in their time, and the log has it', async () => {
  const clock = virtualClock()
  let asked = 0
  const deaf = (io: FileIO) =>
    aroundCalls(io, () => {
      asked += 1
      return new Promise<never>(() => {})
    })
  const { ask, failures } = await world(deaf, deaf, clock)
  const load = ask(ORDERS)
  const commit = ask(ORDERS, set('a'))
  const behind = ask(ORDERS, set('b'))
  await eventually('both at the store', () => (asked === 2 ? true : undefined))
  let answered = 0
  for (const each of [load, commit, behind]) void each.then(() => (answered += 1))
  while (answered < 3) {
    clock.step()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(clock.now(), 65_000)
  assert.deepEqual([(await load).status, (await load).type], [503, 'ServiceUnavailableException'])
  assert.deepEqual([(await commit).status, (await commit).type], [500, 'CommitStateUnknownException'])
  // It never began.
  assert.deepEqual([(await behind).status, (await behind).type], [503, 'ServiceUnavailableException'])
  assert.match(
    failures.join('\n'),
    /POST \S+orders the change may or may not have been made.*did not end within 60000 ms/,
  )
  assert.equal(failures.length, 3)
})

test('a commit that waits behind another is not made once its client has gone', async () => {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const { server, load } = await world((io) =>
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
    const headers = { 'content-type': 'application/json' }
    const send = (key: string, signal?: AbortSignal) =>
      fetch(uri, { method: 'POST', headers, body: JSON.stringify(set(key)), ...(signal && { signal }) })
    const first = send('first')
    await reached.promise
    const hangUp = new AbortController()
    const arrived = once(server.server, 'request')
    const second = send('second', hangUp.signal)
    const [request, response] = (await arrived) as [IncomingMessage, ServerResponse]
    await eventually('the request', () => (request.complete ? true : undefined))
    const closed = once(response, 'close')
    hangUp.abort()
    await assert.rejects(second, /abort/i)
    await closed
    gate.resolve()
    assert.equal((await first).status, 200)
    assert.equal((await send('third')).status, 200)
    const { metadata } = await load()
    const keys = ['first', 'second', 'third'].filter((key) => metadata.properties[key] !== undefined)
    assert.deepEqual(keys, ['first', 'third'])
  } finally {
    await server.close()
  }
})

test('a catalog whose store does not answer leaves the others a turn to plan scans', async () => {
  let asked = 0
  const silent = (io: FileIO) =>
    aroundCalls(io, (_, __, signal) => {
      asked += 1
      return new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
    })
  const { server, ask, load } = await world((io) => io, silent)
  const { metadata } = await load()
  const snapshot = {
    'snapshot-id': 1,
    'sequence-number': 1,
    'timestamp-ms': metadata.lastUpdatedMs,
    'manifest-list': `${metadata.location}/metadata/snap-1.avro`,
    summary: { operation: 'append' },
  }
  const ref = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 }
  assert.equal(
    (await ask(ORDERS, { requirements: [], updates: [{ action: 'add-snapshot', snapshot }, ref] })).status,
    200,
  )
  await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    const uri = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}${ORDERS}/plan`
    const headers = { 'content-type': 'application/json' }
    const clients = Array.from({ length: 8 }, () => new AbortController())
    const plans = clients.map(({ signal }) =>
      fetch(uri, { method: 'POST', headers, body: JSON.stringify(SCAN), signal }).catch(() => 'gone'),
    )
    await eventually('three plans at work', () => (asked === 3 ? true : undefined))
    assert.equal((await ask(`${OTHER}/sales/tables/orders/plan`, SCAN)).status, 200)
    // Whoever waited and has gone takes no turn, and whoever planned gives it back.
    for (const client of clients) client.abort()
    assert.deepEqual(new Set(await Promise.all(plans)), new Set(['gone']))
    const before = asked
    const last = new AbortController()
    const again = fetch(uri, { method: 'POST', headers, body: JSON.stringify(SCAN), signal: last.signal })
    await eventually('a plan at work', () => (asked > before ? true : undefined))
    last.abort()
    await assert.rejects(again)
  } finally {
    await server.close()
  }
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
