import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'
import { must } from '@moraine/stdx/assert'
import { isOutcomeUnknown, MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { type Claimed, Idempotency } from './idempotency.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

const KEY = '018f2f7e-0000-7000-8000-00000000000a'
const OTHER = '018f2f7e-0000-7000-8000-00000000000b'
const CATALOG = '/v1/catalogs/lake'

/** What servers of one service have in common. */
function shared(answers: AnsweredRequestStore = memoryAnsweredRequests()) {
  const clock = virtualClock()
  const io = memoryFileIO()
  const lake = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers: memoryCatalogs().pointers,
    io,
    clock,
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
  })
  return { clock, io, lake, answers }
}

async function serve(
  change: (catalog: Catalog) => Partial<Catalog> = () => ({}),
  { clock, io, lake, answers } = shared(),
) {
  const unkept: string[] = []
  const server = await serveIcebergRest({
    findCatalog: async () => buildOpened({ ...lake, ...change(lake) }, { io }),
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
  return { clock, ask, server, unkept, io }
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
  const saveAnswer = () => Promise.reject(new Error('the disk is full'))
  const { ask, unkept } = await serve(() => ({}), shared({ ...answers, saveAnswer }))
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
  assert.deepEqual(unkept, ['Error: the disk is full'])
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 409)
})

test('a success stays one when the table has another name, or its name is that of another', async () => {
  const { ask, io } = await serve()
  await ask('POST', 'namespaces', NAMESPACE)
  await ask('POST', 'namespaces/sales/tables', TABLE)
  const change = { requirements: [], updates: [{ action: 'set-properties', updates: { a: '1' } }] }
  const commit = () => ask('POST', 'namespaces/sales/tables/orders', change, KEY)
  const made = await commit()
  assert.equal(made.status, 200)
  const [source, destination] = ['orders', 'old'].map((name) => ({ namespace: ['sales'], name }))
  assert.equal((await ask('POST', 'tables/rename', { source, destination })).status, 204)
  const again = await commit()
  assert.deepEqual([again.status, again.text], [made.status, made.text])
  assert.equal((await ask('POST', 'namespaces/sales/tables', TABLE)).status, 200)
  assert.equal((await commit()).text, made.text)
  const { 'metadata-location': location } = made.json() as { readonly 'metadata-location': string }
  await io.remove([location])
  const lost = await commit()
  assert.equal(lost.status, 500)
  assert.match(lost.text, /it was, but orders has another name by now or is gone.*CommitStateUnknownException/)
})

test('whoever was refused for what they may not is judged anew', async () => {
  let mayNot = true
  const { ask } = await serve((lake) => ({
    createNamespace: (namespace, properties) =>
      mayNot ? Promise.reject(new MoraineError('permission', 'not yet')) : lake.createNamespace(namespace, properties),
  }))
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 403)
  mayNot = false
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
})

/** Two servers of one service, of which the first is slow to answer that it has created a namespace. */
async function serveTwice(answers?: AnsweredRequestStore) {
  const both = shared(answers)
  const created = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  const slow = await serve(
    (lake) => ({
      async createNamespace(namespace, properties) {
        await lake.createNamespace(namespace, properties)
        created.resolve()
        await going.promise
      },
    }),
    both,
  )
  return {
    slow,
    other: await serve(() => ({}), both),
    created: created.promise,
    goOn: going.resolve,
    clock: both.clock,
  }
}

/** Lets time pass until the work ends, also before it has begun to wait. */
async function passing<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let ended = false
  const ending = work.finally(() => {
    ended = true
  })
  for (; !ended; clock.step()) await new Promise((resolve) => setImmediate(resolve))
  return ending
}

test('a request that is made again to another server gets the answer of the one that is at work on it', async () => {
  const { slow, other, created, goOn, clock } = await serveTwice()
  const first = slow.ask('POST', 'namespaces', NAMESPACE, KEY)
  await created
  const reused = await other.ask('POST', 'namespaces', { namespace: ['other'] }, KEY)
  assert.equal(reused.status, 422)
  const again = other.ask('POST', 'namespaces', NAMESPACE, KEY)
  await clock.run(clock.sleep(2_000))
  goOn()
  assert.equal((await first).status, 200)
  const answered = await passing(clock, again)
  assert.deepEqual([answered.status, answered.text], [200, (await first).text])
  assert.deepEqual([slow.unkept, other.unkept], [[], []])
})

test('who is asked again while another server is at work for long says so, and keeps no answer', async () => {
  const { slow, other, created, goOn, clock } = await serveTwice()
  const first = slow.ask('POST', 'namespaces', NAMESPACE, KEY)
  await created
  const busy = await passing(clock, other.ask('POST', 'namespaces', NAMESPACE, KEY))
  assert.equal(busy.status, 500, 'by 503 it would say that nothing was done')
  assert.match(busy.text, /another server is still at work.*CommitStateUnknownException/)
  assert.ok(clock.now() > 35_000, 'longer than a claim lasts that is not renewed')
  goOn()
  assert.equal((await first).status, 200)
  assert.equal((await other.ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
})

test('the key of a server that died is free after a while', async () => {
  const answers = memoryAnsweredRequests()
  const { ask, clock } = await serve(() => ({}), shared(answers))
  const { claimKey } = answers
  const died = shared({
    ...answers,
    // It claims, and is never heard of again.
    claimKey: async (...claim) => {
      await claimKey(...claim)
      throw new MoraineError('unavailable', 'the server was killed')
    },
  })
  const dead = await serve(() => ({}), { ...died, clock })
  assert.equal((await dead.ask('POST', 'namespaces', NAMESPACE, KEY)).status, 503)
  assert.equal((await passing(clock, ask('POST', 'namespaces', NAMESPACE, KEY))).status, 200)
  assert.ok(clock.now() >= 30_000, 'no sooner than the claim is over')
  assert.equal((await ask('POST', 'namespaces', NAMESPACE, KEY)).status, 200)
})

test('who has lost the claim keeps no answer in the place of the one who has it', async () => {
  const { slow, other, created, goOn, clock } = await serveTwice({
    ...memoryAnsweredRequests(),
    renewClaim: () => Promise.reject(new Error('the database is away')),
  })
  const first = slow.ask('POST', 'namespaces', NAMESPACE, KEY)
  await created
  await clock.run(clock.sleep(31_000))
  assert.equal((await other.ask('POST', 'namespaces', NAMESPACE, KEY)).status, 409)
  goOn()
  const late = await first
  assert.deepEqual([late.status, /CommitStateUnknownException/.test(late.text)], [500, true], 'the other knows')
  assert.equal((await other.ask('POST', 'namespaces', NAMESPACE, KEY)).status, 409)
  assert.deepEqual(slow.unkept, [])
})

/** Two servers on one store, with tables that are dropped under the claim of the request. */
async function serveClaimed(change: (answers: AnsweredRequestStore) => Partial<AnsweredRequestStore> = () => ({})) {
  const stores = memoryStores()
  await stores.catalogs.addCatalog({ name: 'lake', type: 'ams', properties: {} })
  const [clock, io] = [virtualClock(), memoryFileIO()]
  const { under, ...catalog } = internalCatalog({
    ...{ name: 'lake', warehouse: 's3://b/wh', io, clock, random: systemRandom },
    ...{ pointers: stores.pointers, underClaims: stores.underClaims },
    drops: { pointers: stores.drops, retentionMs: 0 },
    onLeftover: (error) => assert.fail(String(error)),
  })
  const paused: { until?: Promise<void> } = {}
  const begun = Promise.withResolvers<void>()
  const start = async (answers: AnsweredRequestStore, pauses: boolean) => {
    const opened = buildOpened(catalog, {
      io,
      under(claim) {
        const claimed = must(under, 'claims')(claim)
        const dropped = must(claimed.dropped, 'drops')
        const dropTable: typeof dropped.dropTable = async (identifier, options) => {
          if (pauses) begun.resolve()
          if (pauses) await paused.until
          // Deaf to the signal, as a server that stands still is.
          return dropped.dropTable(identifier, options)
        }
        return { ...claimed, dropped: { ...dropped, dropTable } }
      },
    })
    const server = await serveIcebergRest({
      findCatalog: async () => opened,
      idempotency: new Idempotency(answers, clock, () => {}),
    })
    return async (method: 'POST' | 'DELETE' | 'GET', path: string, body?: object, key?: string) => {
      const headers = { ...(key !== undefined && { 'idempotency-key': key }), 'content-type': 'application/json' }
      const answer = await server.inject({
        method,
        url: `${CATALOG}/${path}`,
        headers,
        ...(body && { payload: JSON.stringify(body) }),
      })
      return { status: answer.statusCode, text: answer.body }
    }
  }
  const first = await start({ ...stores.answers, ...change(stores.answers) }, true)
  const second = await start(stores.answers, false)
  await second('POST', 'namespaces', NAMESPACE)
  await second('POST', 'namespaces/sales/tables', TABLE)
  return { clock, paused, begun: begun.promise, first, second }
}

const DROP = 'namespaces/sales/tables/orders?purgeRequested=true'

test('a drop that was overtaken at another server does not drop the table that is there since', async () => {
  const { clock, paused, begun, first, second } = await serveClaimed(() => ({
    renewClaim: () => Promise.reject(new Error('the database is away')),
  }))
  const pause = Promise.withResolvers<void>()
  paused.until = pause.promise
  const late = first('DELETE', DROP, undefined, KEY)
  await begun
  assert.equal((await passing(clock, second('DELETE', DROP, undefined, KEY))).status, 204)
  assert.equal((await second('POST', 'namespaces/sales/tables', TABLE)).status, 200)
  pause.resolve()
  const { status, text } = await late
  assert.equal(status, 500)
  assert.match(text, /CommitStateUnknownException/)
  assert.equal((await second('GET', 'namespaces/sales/tables/orders')).status, 200)
})

test('a claim that was heard of late is not worked under; whoever has it since says the answer', async () => {
  const hang = Promise.withResolvers<void>()
  const claimed = Promise.withResolvers<void>()
  let isFirst = true
  const { clock, first, second } = await serveClaimed(({ claimKey }) => ({
    async claimKey(...claim) {
      const outcome = await claimKey(...claim)
      if (isFirst) {
        isFirst = false
        claimed.resolve()
        await hang.promise
      }
      return outcome
    },
  }))
  const late = first('DELETE', DROP, undefined, KEY)
  await claimed.promise
  assert.equal((await passing(clock, second('DELETE', DROP, undefined, KEY))).status, 204)
  assert.equal((await second('POST', 'namespaces/sales/tables', TABLE)).status, 200)
  hang.resolve()
  assert.equal((await passing(clock, late)).status, 204, 'the answer of the other')
  assert.equal((await second('GET', 'namespaces/sales/tables/orders')).status, 200)
})

for (const [what, renewClaim] of [
  ['fails', () => Promise.reject(new Error('the database is away'))],
  ['hangs', () => new Promise<never>(() => {})],
  ['is refused', async () => false],
] as const) {
  test(`work whose renewal ${what} is told to stop before its claim runs out`, async () => {
    const clock = virtualClock()
    const idempotency = new Idempotency({ ...memoryAnsweredRequests(), renewClaim }, clock, () => {})
    let stoppedAt: number | undefined
    const request = { key: KEY, warehouse: 'lake', principal: 'ann', method: 'POST', url: '/', body: '' }
    const work = idempotency.once(
      request,
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            stoppedAt = clock.now()
            reject(new MoraineError('aborted', 'stopped'))
          }),
        ),
      () => assert.fail('no answer is kept'),
    )
    await assert.rejects(clock.run(work), (error) => isOutcomeUnknown(error))
    assert.equal(stoppedAt, what === 'is refused' ? 5_000 : 15_000)
  })
}

test('work whose claim is renewed goes on, also where a renewal fails in between', async () => {
  const clock = virtualClock()
  const answers = memoryAnsweredRequests()
  let renewals = 0
  const renewClaim: typeof answers.renewClaim = (...claim) => {
    renewals += 1
    return renewals % 2 === 0 ? answers.renewClaim(...claim) : Promise.reject(new Error('the database is away'))
  }
  const idempotency = new Idempotency({ ...answers, renewClaim }, clock, () => {})
  const request = { key: KEY, warehouse: 'lake', principal: 'ann', method: 'POST', url: '/', body: '' }
  const run = async ({ signal }: Claimed) => {
    await clock.sleep(55_000, signal)
    return { status: 204 }
  }
  const answer = await clock.run(idempotency.once(request, run, () => assert.fail('it is new')))
  assert.deepEqual([answer.status, renewals], [204, 10])
})
