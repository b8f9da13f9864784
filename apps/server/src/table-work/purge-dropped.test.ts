import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { purgeDropped } from './purge-dropped.ts'

const NEVER = new AbortController().signal
const ALONE = { findUser: async () => undefined }

async function dropped(purge: boolean, location?: string) {
  const { pointers, drops } = memoryCatalogs()
  const io = memoryFileIO()
  const clock = virtualClock()
  const keeping = { pointers: drops, retentionMs: 0 }
  const places = { warehouse: 's3://b/wh', allowsExternalLocations: true }
  const onLeftover = (error: unknown) => assert.fail(String(error))
  const common = { name: 'lake', ...places, pointers, io, clock, random: seededRandom(2), onLeftover }
  const catalog = internalCatalog({ ...common, drops: keeping })
  // Tables from before there was a rule lie in one another.
  const withoutRule = internalCatalog(common)
  const table = { ...SALES_ORDERS_TABLE, ...(location !== undefined && { location }) }
  const { metadata } = await createSalesOrders({ catalog }, table)
  for (let at = 0; at < 2_500; at += 1) await io.write(`${metadata.location}/data/${at}.parquet`, new Uint8Array(1))
  await io.write(`${metadata.location}-beside/data/1.parquet`, new Uint8Array(1))
  await catalog.dropped?.dropTable(ORDERS, { purge })
  const [drop] = await drops.listDueDrops(clock.now(), { offset: 0, limit: 10 })
  assert.ok(drop !== undefined)
  const purgeIt = (checkLeads = () => {}) => purgeDropped(drop, { io, drops, others: ALONE, clock, checkLeads }, NEVER)
  const due = () => drops.listDueDrops(clock.now(), { offset: 0, limit: 10 })
  return { catalog, drops, drop, metadata, withoutRule, io, purgeIt, due, location: metadata.location }
}

test('a table whose purge was asked for goes with all files at its location, and nothing beside', async () => {
  const { io, purgeIt, due, location } = await dropped(true)
  assert.deepEqual(await purgeIt(), { removedFiles: 2_501 })
  assert.deepEqual(io.locations(), [`${location}-beside/data/1.parquet`])
  assert.deepEqual(await due(), [])
})

test('without a purge the table is forgotten, and its files stay', async () => {
  const { io, purgeIt, due } = await dropped(false)
  const before = io.locations()
  assert.deepEqual(await purgeIt(), { removedFiles: 0 })
  assert.deepEqual([io.locations(), await due()], [before, []])
})

test('files of another table at the location keep all of them', async () => {
  const { withoutRule, io, purgeIt, due, location } = await dropped(true)
  const nested = `${location.replace('s3:', 's3a:')}/nested`
  await withoutRule.createTable({ ...ORDERS, name: 'nested' }, { ...SALES_ORDERS_TABLE, location: nested })
  const before = io.locations()
  const { removedFiles, kept } = await purgeIt()
  assert.equal(removedFiles, 0)
  assert.match(kept ?? '', /table sales\.nested of catalog lake lies in, or around, s3:\/\/b\/wh/)
  assert.deepEqual([io.locations(), await due()], [before, []])
})

test('a location that is no folder of its own is not emptied', async () => {
  const { io, purgeIt } = await dropped(true, 's3://b/all')
  const before = io.locations()
  assert.match((await purgeIt()).kept ?? '', /no folder of its own/)
  assert.deepEqual(io.locations(), before)
})

test('once another server leads nothing more is removed, though more was listed, and nothing is forgotten', async () => {
  const { io, purgeIt, due } = await dropped(true)
  const before = io.locations().length
  let left = 2
  const checkLeads = () => {
    if (left === 0) throw new MoraineError('unavailable', 'another server leads now')
    left -= 1
  }
  await assert.rejects(purgeIt(checkLeads), /another server leads now/)
  assert.equal(io.locations().length, before - 2000)
  assert.equal((await due()).length, 1)
  left = Number.POSITIVE_INFINITY
  assert.equal((await purgeIt(checkLeads)).removedFiles, 501)
})

test('a purge that is cut short goes on, since the current metadata file goes last', async () => {
  const { io, purgeIt, due } = await dropped(true)
  const remove = io.remove.bind(io)
  let calls = 0
  io.remove = async (locations, signal) => {
    calls += 1
    if (calls === 2) throw new Error('store gone')
    return remove(locations, signal)
  }
  await assert.rejects(purgeIt(), /store gone/)
  assert.equal((await due()).length, 1)
  assert.deepEqual(await purgeIt(), { removedFiles: 1_501 })
  assert.equal(io.locations().length, 1)
})

test('what a metadata file says by now is not believed', async () => {
  for (const elsewhere of [
    's3://b/wh/sales/orders-beside',
    's3://b/other/tenant',
    's3://b/wh/../x',
    's3://b/wh/sales',
  ]) {
    const { io, drop, metadata, purgeIt, due } = await dropped(true)
    await io.write(
      drop.metadataLocation,
      new TextEncoder().encode(formatTableMetadata({ ...metadata, location: elsewhere })),
    )
    const before = io.locations()
    assert.match((await purgeIt()).kept ?? '', /which is not where the catalog put it/)
    assert.deepEqual([io.locations(), await due()], [before, []])
  }
})

test('what is being purged cannot be had back', async () => {
  const { catalog, drop, io, purgeIt, due } = await dropped(true)
  const remove = io.remove.bind(io)
  let refused: unknown
  io.remove = async (locations, signal) => {
    refused ??= await catalog.dropped?.restoreDropped(drop.dropId).catch((error: unknown) => error)
    return remove(locations, signal)
  }
  await purgeIt()
  assert.ok(isKind(refused, 'not-found'), String(refused))
  assert.deepEqual(await due(), [])
})

test('what was had back is not purged', async () => {
  const { drops, drop, io } = await dropped(true)
  const to = { namespace: ORDERS.namespace, name: ORDERS.name }
  // By a server whose clock is late.
  assert.equal(
    await drops.restoreDropped('lake', drop.dropId, to, (drop.purgeAt - 1) as typeof drop.purgeAt),
    'restored',
  )
  const before = io.locations()
  const clock = virtualClock(drop.purgeAt)
  const deps = { io, drops, others: ALONE, clock, checkLeads: () => {} }
  assert.deepEqual(await purgeDropped(drop, deps, NEVER), {
    removedFiles: 0,
    kept: 'it was had back, or is to be purged in another way by now',
  })
  assert.deepEqual(io.locations(), before)
})

test('files behind a link stay, and the table stays dropped', async (context) => {
  const wh = await realpath(await mkdtemp(join(tmpdir(), 'purge-')))
  context.after(() => rm(wh, { recursive: true }))
  await mkdir(`${wh}/victim`)
  await mkdir(`${wh}/sales`)
  await symlink(`${wh}/victim`, `${wh}/sales/link`)
  const { pointers, drops } = memoryCatalogs()
  const io = localFileIO(seededRandom(2))
  const clock = virtualClock()
  const places = { name: 'lake', warehouse: wh, pointers, drops: { pointers: drops, retentionMs: 0 } }
  const catalog = internalCatalog({ ...places, io, clock, random: seededRandom(2), onLeftover: assert.fail })
  await createSalesOrders({ catalog }, { ...SALES_ORDERS_TABLE, location: `${wh}/sales/link/t` })
  await io.write(`${wh}/victim/t/data/precious.parquet`, new Uint8Array(1))
  await catalog.dropped?.dropTable(ORDERS, { purge: true })
  const [drop] = await drops.listDueDrops(clock.now(), { offset: 0, limit: 10 })
  assert.ok(drop !== undefined)
  const deps = { io, drops, others: ALONE, clock, warehouse: wh, checkLeads: () => {} }
  const purgeIt = () => purgeDropped(drop, deps, NEVER)
  await assert.rejects(purgeIt(), /sales\/link\/t leads by a symbolic link to .*victim\/t, where nothing is removed/)
  assert.ok(await io.stat(`${wh}/victim/t/data/precious.parquet`))
  assert.equal((await catalog.dropped?.listDropped())?.items.length, 1)
})
