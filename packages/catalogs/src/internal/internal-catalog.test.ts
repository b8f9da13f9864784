import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { isKind, isOutcomeUnknown } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { catalogOptionalTests } from '@moraine/testkit/conformance/catalog-optional'
import {
  appendUpdates,
  createSalesOrders,
  nextSnapshot,
  ORDERS,
  SALES_ORDERS_TABLE,
} from '@moraine/testkit/conformance/catalog-samples'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import type { Catalog, CommitOutcome, TableCommit } from '../catalog.ts'
import { internalCatalog } from './internal-catalog.ts'
import type { TablePointers } from './table-pointers.ts'

let seed = 0

function open(
  pointers: TablePointers,
  io: FileIO,
  leftovers: unknown[] = [],
  drops?: Parameters<typeof internalCatalog>[0]['drops'],
): Catalog {
  seed += 1
  return internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh/',
    allowsExternalLocations: true,
    pointers,
    io,
    clock: systemClock,
    random: seededRandom(seed),
    onLeftover: (_, locations) => leftovers.push(...locations),
    ...(drops && { drops }),
  })
}

async function openForConformance(): Promise<CatalogUnderTest> {
  return openOn(memoryCatalogs().pointers)
}

/** Keeps what is dropped, and so holds tables to places of their own. */
async function openKeeping(): Promise<CatalogUnderTest> {
  const { pointers, drops } = memoryCatalogs()
  return openOn(pointers, { pointers: drops, retentionMs: 3_600_000 })
}

function openOn(store: TablePointers, keeping?: Parameters<typeof internalCatalog>[0]['drops']): CatalogUnderTest {
  const io = memoryFileIO()
  let lose: 'answer' | 'request' | undefined
  const lossy: TablePointers = {
    ...store,
    async swapPointer(table, next) {
      const losing = lose
      lose = undefined
      const won = losing === 'request' ? undefined : await store.swapPointer(table, next)
      if (losing !== undefined || won === undefined) throw new Error('database connection lost')
      return won
    },
  }
  return {
    catalog: open(lossy, io, [], keeping),
    other: open(store, io, [], keeping),
    io,
    scratch: 's3://b/wh/scratch',
    loseNextAnswer: () => {
      lose = 'answer'
    },
    loseNextRequest: () => {
      lose = 'request'
    },
    close: async () => {},
  }
}

catalogConformance(
  'internal catalog',
  {
    nestedNamespaces: true,
    namespaceProperties: true,
    impliedNamespaces: false,
    renames: true,
    views: true,
    transactions: true,
    rebases: true,
    refusedNames: [],
    fillsPages: true,
  },
  openForConformance,
)
catalogOptionalTests('internal catalog that keeps what is dropped', ['overwriteTable', 'dropped'], openKeeping)

const setProperty = (catalog: Catalog, key: string, value = 'x'): Promise<CommitOutcome> =>
  catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: value } }] })

test('nothing is committed under a fence that does not hold, and nothing of it is left', async () => {
  let holds = true
  const { pointers } = memoryCatalogs(['lake'], undefined, () => holds)
  const io = memoryFileIO()
  const catalog = open(pointers, io)
  await catalog.createNamespace(ORDERS.namespace, {})
  await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  const commit = (key: string) =>
    catalog.commitTable(ORDERS, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { [key]: 'x' } }],
      fence: { lease: 'leader', holder: 'server-1', epoch: 3 },
    })
  assert.equal((await commit('a')).kind, 'committed')
  const before = await catalog.loadTable(ORDERS)
  const files = await Array.fromAsync(io.list(before.metadata.location))
  holds = false
  await assert.rejects(commit('b'), (error) => isKind(error, 'unavailable'))
  assert.deepEqual(await catalog.loadTable(ORDERS), before)
  assert.deepEqual(await Array.fromAsync(io.list(before.metadata.location)), files)
  assert.equal((await setProperty(catalog, 'c')).kind, 'committed', 'others commit as ever')
})

test('a namespace says where its tables go, whether it was told or not', async () => {
  const catalog = open(memoryCatalogs().pointers, memoryFileIO())
  await catalog.createNamespace(['a'])
  await catalog.createNamespace(['a', 'b'])
  await catalog.createNamespace(['c'], { location: 's3://c/x/' })
  assert.deepEqual(await catalog.loadNamespace(['a', 'b']), { location: 's3://b/wh/a.b' })
  assert.deepEqual(await catalog.loadNamespace(['c']), { location: 's3://c/x/' })
  assert.deepEqual(await catalog.updateNamespace(['a'], { set: {}, remove: ['location'] }), ['location'])
})

test("metadata files are named as Iceberg's metastore catalogs name them", async () => {
  const catalog = open(memoryCatalogs().pointers, memoryFileIO())
  const { metadataLocation } = await createSalesOrders({ catalog })
  assert.match(metadataLocation, /^s3:\/\/b\/wh\/sales\/orders\/metadata\/00000-[0-9a-f-]{36}\.metadata\.json$/)
  const outcome = await setProperty(catalog, 'write.metadata.path', 's3://c/meta/')
  assert.match(outcome.kind === 'committed' ? outcome.table.metadataLocation : '', /^s3:\/\/c\/meta\/00001-/)
})

test('a swap whose answer was lost is settled by reading the pointer back', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  const catalog = open(
    {
      ...store,
      async swapPointer(table, next) {
        await store.swapPointer(table, next)
        // Others have gone on before it is looked at.
        for (const step of ['a', 'b']) assert.equal((await setProperty(open(store, io), step)).kind, 'committed')
        throw new Error('connection lost')
      },
    },
    io,
  )
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'mine')).kind, 'committed')
  assert.equal((await catalog.loadTable(ORDERS)).metadata.properties['mine'], 'x')
})

test('a swap that was lost for good is a conflict, and its file is removed', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  const catalog = open(
    {
      ...store,
      async swapPointer() {
        assert.equal((await setProperty(open(store, io), 'theirs')).kind, 'committed')
        throw new Error('connection lost')
      },
    },
    io,
  )
  await createSalesOrders({ catalog })
  const outcome = await setProperty(catalog, 'mine')
  assert.deepEqual([outcome.kind, outcome.kind === 'conflict' && outcome.raced], ['conflict', true])
  assert.equal(io.locations().filter((location) => location.includes('/metadata/')).length, 2)
})

test('the file of a swap of unknown fate stays, since the swap may yet arrive', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  let late: () => Promise<unknown> = async () => {}
  const catalog = open(
    {
      ...store,
      swapPointer(table, next) {
        late = () => store.swapPointer(table, next)
        return Promise.reject(new Error('connection lost'))
      },
    },
    io,
  )
  await createSalesOrders({ catalog })
  const outcome = await setProperty(catalog, 'mine')
  assert.match(outcome.kind === 'unknown' ? outcome.cause.message : outcome.kind, /connection lost/)
  await late()
  assert.equal((await catalog.loadTable(ORDERS)).metadata.properties['mine'], 'x')
})

test('a creation whose answer was lost is settled, too', async () => {
  const store = memoryCatalogs().pointers
  const catalog = open(
    {
      ...store,
      async addPointer(table) {
        await store.addPointer(table)
        throw new Error('connection lost')
      },
    },
    memoryFileIO(),
  )
  const created = await createSalesOrders({ catalog })
  assert.deepEqual(await catalog.loadTable(ORDERS), created)

  const deaf = open({ ...store, addPointer: () => Promise.reject(new Error('connection lost')) }, memoryFileIO())
  await assert.rejects(deaf.createTable({ ...ORDERS, name: 'b' }, SALES_ORDERS_TABLE), isOutcomeUnknown)
})

test('a creation whose answer was lost is ours also when others have gone on further than their log goes back', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  const catalog = open(
    {
      ...store,
      async addPointer(table) {
        await store.addPointer(table)
        for (const step of ['a', 'b']) assert.equal((await setProperty(open(store, io), step)).kind, 'committed')
        throw new Error('connection lost')
      },
    },
    io,
  )
  const properties = { ...SALES_ORDERS_TABLE.properties, 'write.metadata.previous-versions-max': '1' }
  const { metadata, metadataLocation } = await createSalesOrders({ catalog }, { ...SALES_ORDERS_TABLE, properties })
  assert.equal((await catalog.loadTable(ORDERS)).metadata.tableUuid, metadata.tableUuid)
  assert.ok(io.locations().includes(metadataLocation))
})

test('a creation that another came before is refused, also when that answer is lost', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  let theirs = ''
  const catalog = open(
    {
      ...store,
      async addPointer() {
        theirs = (await open(store, io).createTable(ORDERS, SALES_ORDERS_TABLE)).metadataLocation
        throw new Error('connection lost')
      },
    },
    io,
  )
  await catalog.createNamespace(ORDERS.namespace, {})
  await assert.rejects(catalog.createTable(ORDERS, SALES_ORDERS_TABLE), (error) => isKind(error, 'already-exists'))
  assert.deepEqual(
    io.locations().filter((location) => location.endsWith('.metadata.json')),
    [theirs],
  )
})

test('a version of a table is not registered where another one of it came first', async () => {
  for (const isAnswered of [true, false]) {
    const store = memoryCatalogs().pointers
    const io = memoryFileIO()
    const copy = { ...ORDERS, name: 'copy' }
    const catalog = open(
      {
        ...store,
        async addPointer(table, apart) {
          if (table.name !== 'copy') return store.addPointer(table, apart)
          const { metadataLocation } = await open(store, io).loadTable(ORDERS)
          await store.addPointer({ ...table, metadataLocation })
          if (isAnswered) return store.addPointer(table, apart)
          throw new Error('connection lost')
        },
      },
      io,
    )
    const { metadataLocation: first } = await createSalesOrders({ catalog })
    assert.equal((await setProperty(catalog, 'later')).kind, 'committed')
    await assert.rejects(catalog.registerTable(copy, first), (error) =>
      isAnswered ? isKind(error, 'already-exists') : isOutcomeUnknown(error),
    )
    assert.ok(io.locations().includes(first))
  }
})

test('a file that cannot be removed after a lost race is reported and does no harm', async () => {
  const store = memoryCatalogs().pointers
  const io = memoryFileIO()
  const leftovers: string[] = []
  const catalog = open(
    {
      ...store,
      async swapPointer(table, next) {
        await setProperty(open(store, io), 'theirs')
        return store.swapPointer(table, next)
      },
    },
    { ...io, remove: () => Promise.reject(new Error('read-only')) },
    leftovers,
  )
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'mine')).kind, 'conflict')
  assert.equal(leftovers.length, 1)
})

test('a pointer to a file that is gone names the table, the file and what to do', async () => {
  const io = memoryFileIO()
  const pointers = memoryCatalogs().pointers
  const { metadataLocation } = await createSalesOrders({ catalog: open(pointers, io) })
  await io.remove([metadataLocation])
  await assert.rejects(open(pointers, io).loadTable(ORDERS), (error) => {
    assert.ok(isKind(error, 'corrupt'))
    assert.ok(error.message.includes('sales.orders') && error.message.includes(metadataLocation), error.message)
    return true
  })
})

test('a metadata file that a newer commit removes while it is looked for is no failure', async () => {
  const io = memoryFileIO()
  const pointers = memoryCatalogs().pointers
  const writer = open(pointers, io)
  await createSalesOrders({ catalog: writer })
  let raced = false
  const reader = open(pointers, {
    ...io,
    async read(location, signal) {
      if (!raced) {
        raced = true
        assert.equal((await setProperty(writer, 'newer')).kind, 'committed')
        await io.remove([location])
      }
      return io.read(location, signal)
    },
  })
  assert.equal((await reader.loadTable(ORDERS)).metadata.properties['newer'], 'x')
})

test('a commit that is sent again, because its answer was lost, is made once', async () => {
  const catalog = open(memoryCatalogs().pointers, memoryFileIO())
  const { metadata } = await createSalesOrders({ catalog })
  const append = (snapshotId: bigint, current?: bigint): TableCommit => ({
    requirements: [
      {
        type: 'assert-ref-snapshot-id',
        ref: 'main',
        ...(current !== undefined && { snapshotId: current as SnapshotId }),
      },
    ],
    updates: appendUpdates(nextSnapshot(metadata, snapshotId)),
  })
  const first = append(11n)
  assert.equal((await catalog.commitTable(ORDERS, first)).kind, 'committed')
  const before = await catalog.loadTable(ORDERS)
  const again = await catalog.commitTable(ORDERS, first)
  assert.deepEqual(again.kind === 'committed' && again.table, before)
  const [add, ...others] = first.updates
  assert.ok(add?.action === 'add-snapshot')
  const other = { ...add, snapshot: { ...add.snapshot, summary: { 'added-records': '2' } } }
  assert.equal((await catalog.commitTable(ORDERS, { ...first, updates: [other, ...others] })).kind, 'conflict')
  assert.equal((await catalog.loadTable(ORDERS)).metadata.snapshots.length, 1)
})

test('appends from one state are all made, in one line, each file once, and many with one metadata file', async () => {
  const memory = memoryFileIO()
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memory, 's3://b/copy')
  const { pointers } = memoryCatalogs()
  const catalogs = [open(pointers, io), open(pointers, io)]
  const [first] = catalogs
  await first?.createNamespace(['sales'])
  await first?.registerTable(ORDERS, metadataLocation)
  const asking = { action: 'set-properties', updates: { 'commit.rebase-appends.enabled': 'true' } } as const
  await first?.commitTable(ORDERS, { requirements: [], updates: [asking] })
  const base = (await first?.loadTable(ORDERS))?.metadata
  assert.ok(base !== undefined)
  const live = async (metadata: TableMetadata) =>
    (await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'snapshot'))).data
  const before = await live(base)
  const like = must(before[0], 'file').file
  const random = seededRandom(1)
  const append = async (at: number) => {
    const file = { ...like, filePath: `s3://b/new-${at}.parquet`, recordCount: 1 }
    const change = { operation: 'append', added: [{ file }], removed: [], summary: {} } as const
    const staged = await stageSnapshot(base, change, { io, clock: systemClock, random, attempt: 1 })
    const commit = async (): Promise<void> => {
      const outcome = await must(catalogs[at % 2], 'catalog').commitTable(ORDERS, staged)
      if (outcome.kind === 'conflict' && outcome.raced === true) return commit()
      assert.equal(outcome.kind, 'committed', outcome.kind === 'conflict' ? outcome.reason : '')
    }
    await commit()
  }
  const writers = Array.from({ length: 24 }, (_, at) => at)
  await Promise.all(writers.map(append))
  const { metadata } = await must(first, 'catalog').loadTable(ORDERS)
  const added = metadata.snapshots.slice(-writers.length)
  assert.deepEqual(
    added.map(({ parentSnapshotId }) => parentSnapshotId),
    [base.currentSnapshotId, ...added.slice(0, -1).map(({ snapshotId }) => snapshotId)],
  )
  const paths = (await live(metadata)).map(({ file }) => file.filePath)
  const expected = [...before.map(({ file }) => file.filePath), ...writers.map((at) => `s3://b/new-${at}.parquet`)]
  assert.deepEqual(paths.sort(), expected.sort())
  const files = memory.locations().filter((location) => /metadata\/0\d+-.*\.metadata\.json$/.test(location))
  assert.ok(files.length < writers.length, `${files.length} metadata files`)
  // The lists that the writers wrote are theirs to remove; of the catalog's own none is left over.
  const nameOf = (location: string) => location.slice(location.lastIndexOf('/') + 1)
  const referenced = new Set(
    metadata.snapshots.map(({ manifests }) => (manifests.kind === 'list' ? nameOf(manifests.location) : '')),
  )
  const own = memory.locations().filter((location) => /\/snap-\d+-0-/.test(location))
  assert.ok(own.length > 0)
  assert.deepEqual(
    own.filter((location) => !referenced.has(nameOf(location))),
    [],
  )
})
