import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { secretVault } from '../secrets/secret-vault.ts'
import { SILENT_LOG } from '../service/log.ts'
import { sealCatalog } from './catalog-secrets.ts'
import { openCatalogs } from './open-catalogs.ts'
import { placesOfOthers } from './places-of-others.ts'

// One setting of a catalog has the appends to all tables that are made in it rebased.

const root = mkdtempSync(join(tmpdir(), 'moraine-rebase-default-'))
after(() => rmSync(root, { recursive: true }))

const REBASES = 'commit.rebase-appends.enabled'
const PLAIN = { ...SALES_ORDERS_TABLE, partitionSpec: { fields: [] }, properties: {} }

async function openLake(name: string, defaults: Readonly<Record<string, string>>): Promise<Catalog> {
  const stores = memoryStores()
  const random = seededRandom(7)
  const vault = secretVault(random.bytes(32), random)
  const open = openCatalogs({
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: { pointers: stores.drops, retentionMs: 0 },
    others: placesOfOthers({ stores, vault, findMetadataLocation: async () => undefined }),
    clock: virtualClock(),
    random,
    stagedKey: random.bytes(32),
    log: SILENT_LOG,
  })
  const properties = { warehouse: join(root, name), ...defaults }
  const plain = { name, type: 'ams', properties, storageConfig: {}, authConfig: {} } as const
  await stores.catalogs.saveCatalog(sealCatalog(plain, vault))
  const { catalog } = await open(name)
  await catalog.createNamespace(['sales'], {})
  return catalog
}

/** Two appends from one state. */
async function stageTwice(catalog: Catalog) {
  const { metadata } = await catalog.loadTable(ORDERS)
  const context = { io: localFileIO(seededRandom(1)), clock: systemClock, random: seededRandom(2), attempt: 1 }
  const stage = (name: string) => {
    const { file } = manifestEntry(1, { filePath: `${metadata.location}/data/${name}.parquet` })
    return stageSnapshot(metadata, { operation: 'append', added: [{ file }], removed: [], summary: {} }, context)
  }
  return [await stage('first'), await stage('second')] as const
}

/** The outcomes of both, and how many snapshots the table has then. */
async function appendTwice(catalog: Catalog) {
  const outcomes: string[] = []
  for (const staged of await stageTwice(catalog)) outcomes.push((await catalog.commitTable(ORDERS, staged)).kind)
  return { outcomes, snapshots: (await catalog.loadTable(ORDERS)).metadata.snapshots.length }
}

test('a default of the catalog has appends to new tables rebased', async () => {
  const catalog = await openLake('ingestion', { [`table.${REBASES}`]: 'true' })
  const created = await catalog.createTable(ORDERS, PLAIN)
  assert.equal(created.metadata.properties[REBASES], 'true')
  // Clients that create in a transaction store what staging gave them.
  const staged = await catalog.stageTable({ ...ORDERS, name: 'staged' }, PLAIN)
  assert.equal(staged.properties[REBASES], 'true')
  assert.deepEqual(await appendTwice(catalog), { outcomes: ['committed', 'committed'], snapshots: 2 })
})

test('without it, and for a table that comes with false, the second append is refused', async () => {
  const plain = await openLake('plain', {})
  await plain.createTable(ORDERS, PLAIN)
  assert.deepEqual(await appendTwice(plain), { outcomes: ['committed', 'conflict'], snapshots: 1 })
  const other = await openLake('other', { [`table.${REBASES}`]: 'true' })
  await other.createTable(ORDERS, { ...PLAIN, properties: { [REBASES]: 'false' } })
  assert.deepEqual(await appendTwice(other), { outcomes: ['committed', 'conflict'], snapshots: 1 })
})

test('a transaction of appends is refused as a whole where another commit came first', async () => {
  const catalog = await openLake('transactions', { [`table.${REBASES}`]: 'true' })
  const other = { ...ORDERS, name: 'other' }
  await catalog.createTable(ORDERS, PLAIN)
  await catalog.createTable(other, PLAIN)
  const [first, second] = await stageTwice(catalog)
  assert.equal((await catalog.commitTable(ORDERS, first)).kind, 'committed')
  const property = { action: 'set-properties', updates: { made: 'x' } } as const
  const changes = [
    { identifier: other, commit: { requirements: [], updates: [property] } },
    { identifier: ORDERS, commit: second },
  ]
  assert.equal((await catalog.commitTables?.(changes))?.kind, 'conflict')
  assert.equal((await catalog.loadTable(other)).metadata.properties['made'], undefined)
  assert.equal((await catalog.loadTable(ORDERS)).metadata.snapshots.length, 1)
})
