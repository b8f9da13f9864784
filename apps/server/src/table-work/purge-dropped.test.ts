import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { purgeDropped } from './purge-dropped.ts'

const NEVER = new AbortController().signal

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
  const [drop] = await drops.listDueDrops(clock.now(), 10)
  assert.ok(drop !== undefined)
  const purgeIt = () => purgeDropped(drop, { io, drops }, NEVER)
  const due = () => drops.listDueDrops(clock.now(), 10)
  return { withoutRule, io, purgeIt, due, location: metadata.location }
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
  assert.match(kept ?? '', /table sales\.nested of catalog lake lies in s3:\/\/b\/wh/)
  assert.deepEqual([io.locations(), await due()], [before, []])
})

test('a location that is no folder of its own is not emptied', async () => {
  const { io, purgeIt } = await dropped(true, 's3://b/all')
  const before = io.locations()
  assert.match((await purgeIt()).kept ?? '', /no folder of its own/)
  assert.deepEqual(io.locations(), before)
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
