import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { resolveConfig } from '../config/read-config.ts'
import { SILENT_LOG } from '../service/log.ts'
import { purger } from './purger.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Catalogs whose dropped tables are kept for two hours, and a purger that hears of their files what the test says. */
async function setUp({ keepTime = '2h' } = {}) {
  const clock = virtualClock()
  const { pointers, drops } = memoryCatalogs(['lake', 'pond'])
  const key = 'iceberg-rest.dropped-table-keep-time'
  const { values } = resolveConfig(new Map([[key, { text: keepTime, source: 'test' }]]))
  const random = seededRandom(4)
  const io = memoryFileIO()
  /** What becomes of a listing, by a part of the location. */
  const hindered = new Map<string, () => Promise<void>>()
  const listed: string[] = []
  const files: FileIO = {
    ...io,
    async *list(prefix, signal) {
      listed.push(prefix.replace('s3://', ''))
      for (const [part, hinder] of hindered) if (prefix.includes(part)) await hinder()
      yield* io.list(prefix, signal)
    },
  }
  const open = (name: string) =>
    internalCatalog({
      name,
      warehouse: `s3://${name}/wh`,
      pointers,
      drops: { pointers: drops, retentionMs: values.dropRetentionMs },
      ...{ io, clock, random },
      onLeftover: (error) => assert.fail(String(error)),
    })
  const catalogs = { lake: open('lake'), pond: open('pond') }
  for (const catalog of Object.values(catalogs)) await catalog.createNamespace(['s'])
  const drop = async (catalog: keyof typeof catalogs, name: string, purge = true) => {
    const identifier = { namespace: ['s'], name }
    const location = `s3://${catalog}/wh/${name}`
    await catalogs[catalog].createTable(identifier, { ...SALES_ORDERS_TABLE, location })
    await catalogs[catalog].dropped?.dropTable(identifier, { purge })
    clock.set(1)
  }
  const said: string[] = []
  const hear = (fields: object, what?: string) => {
    const { name = '', failure = '', kept = '' } = fields as Readonly<Record<string, string>>
    said.push([name, what, failure, kept].filter((part) => part !== '').join(': '))
  }
  const leads = { still: true, asked: 0 }
  const service = purger({
    stores: { drops },
    catalogs: findAmong({
      lake: buildOpened(catalogs.lake, { io: files }),
      pond: buildOpened(catalogs.pond, { io: files }),
    }),
    others: { findUser: async () => undefined },
    checkLeads() {
      leads.asked += 1
      if (!leads.still) throw new MoraineError('unavailable', 'another server leads now')
    },
    clock,
    log: { ...SILENT_LOG, info: hear, warn: hear, error: hear },
  })
  const pass = (ms: number) => clock.run(clock.sleep(ms))
  const left = async () => (await drops.listDueDrops(clock.now(), { offset: 0, limit: 99 })).map(({ name }) => name)
  const start = () => service.start(new AbortController().signal)
  return { clock, drops, io, hindered, listed, catalogs, drop, said, leads, service, start, pass, left }
}

test('tables are kept for the time of the settings, and can be had back until then', async () => {
  const { io, catalogs, drop, said, service, start, pass } = await setUp()
  await start()
  await drop('lake', 'gone')
  await drop('lake', 'forgotten', false)
  await drop('lake', 'back')
  await pass(2 * HOUR - MINUTE)
  assert.deepEqual(said, [])
  const dropped = (await catalogs.lake.dropped?.listDropped())?.items ?? []
  assert.deepEqual(
    dropped.map(({ identifier }) => identifier.name),
    ['back', 'forgotten', 'gone'],
  )
  await catalogs.lake.dropped?.restoreDropped(dropped[0]?.dropId ?? '')
  await pass(3 * MINUTE)
  assert.deepEqual(said, ['gone: a dropped table was purged', 'forgotten: a dropped table was purged'])
  assert.deepEqual(
    io.locations().map((location) => location.split('/')[4]),
    ['forgotten', 'back'],
  )
  await service.stop()
})

test('without a keep time a dropped table goes in the next round', async () => {
  const { io, drop, service, start, pass } = await setUp({ keepTime: '0s' })
  await start()
  await drop('lake', 'gone')
  await pass(2 * MINUTE)
  assert.deepEqual(io.locations(), [])
  await service.stop()
})

test('many are purged in one round, and those that fail hold up none and are tried once in it', async () => {
  const { hindered, listed, drop, said, service, start, pass, left } = await setUp()
  const names = Array.from({ length: 45 }, (_, at) => `${at % 2 ? 'bad' : 'good'}${at}`)
  for (const name of names) await drop('lake', name)
  hindered.set('bad', async () => {
    throw new MoraineError('permission', 'not allowed')
  })
  await pass(2 * HOUR)
  await start()
  await pass(MINUTE / 2)
  const bad = names.filter((name) => name.startsWith('bad'))
  assert.deepEqual(await left(), bad)
  assert.equal(listed.length, names.length)
  assert.deepEqual(
    said.filter((what) => what.startsWith('bad')),
    bad.map((name) => `${name}: a purge failed: not allowed`),
  )
  hindered.clear()
  await pass(MINUTE)
  assert.deepEqual(await left(), [])
  await service.stop()
})

test('one that takes too long makes room for the others', async () => {
  const { hindered, listed, drop, said, service, start, pass, left } = await setUp()
  for (const name of ['large', 'small']) await drop('lake', name)
  hindered.set('large', () => new Promise(() => {}))
  await pass(2 * HOUR)
  await start()
  await pass(29 * MINUTE)
  assert.deepEqual(said, [])
  hindered.clear()
  await pass(2 * MINUTE)
  assert.deepEqual(said, [
    'large: a purge failed: purging large did not end within 1800000 ms',
    'small: a dropped table was purged',
    'large: a dropped table was purged',
  ])
  assert.deepEqual(await left(), [])
  assert.deepEqual(listed, ['lake/wh/large/', 'lake/wh/small/', 'lake/wh/large/'])
  await service.stop()
})

test('a store that does not answer is waited for twice in a round, and holds up what needs none', async () => {
  const { hindered, listed, drop, said, service, start, pass, left } = await setUp()
  for (let at = 0; at < 12; at += 1) await drop('lake', `t${at}`)
  await drop('lake', 'forgotten', false)
  await drop('pond', 'other')
  hindered.set('lake', () => new Promise(() => {}))
  await pass(2 * HOUR)
  await start()
  await pass(HOUR - MINUTE)
  assert.deepEqual(listed, ['lake/wh/t0/', 'lake/wh/t1/'])
  hindered.clear()
  await pass(2 * MINUTE)
  assert.deepEqual(listed.slice(2, 5), ['pond/wh/other/', 'lake/wh/t0/', 'lake/wh/t1/'])
  const done = said.filter((what) => what.endsWith('purged')).map((what) => what.split(':')[0])
  assert.deepEqual(done.slice(0, 3), ['forgotten', 'other', 't0'])
  assert.deepEqual(await left(), [])
  await service.stop()
})

test('a stop ends the purge under way, which is no failure, and begins no other', async () => {
  const { hindered, listed, drop, said, service, start, pass, left } = await setUp()
  for (const name of ['large', 'small']) await drop('lake', name)
  await drop('lake', 'forgotten', false)
  hindered.set('large', () => new Promise(() => {}))
  await pass(2 * HOUR)
  await start()
  await pass(MINUTE)
  await service.stop()
  assert.deepEqual([listed, said], [['lake/wh/large/'], []])
  assert.deepEqual(await left(), ['large', 'small', 'forgotten'])
})

test('a server that does not lead any more begins nothing, and removes nothing of what it began', async () => {
  const { hindered, io, listed, drop, said, leads, service, start, pass, left } = await setUp()
  for (const name of ['first', 'second', 'third']) await drop('lake', name)
  const before = io.locations()
  hindered.set('first', async () => {
    leads.still = false
  })
  await pass(2 * HOUR)
  await start()
  await pass(500)
  assert.deepEqual(listed, ['lake/wh/first/'])
  assert.deepEqual(io.locations(), before)
  assert.deepEqual(await left(), ['first', 'second', 'third'])
  assert.deepEqual(said, [
    'first: a purge failed: another server leads now',
    'a reconciler failed and will run again: another server leads now',
  ])
  await service.stop()
})
