import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom, systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { localFileIO } from '@moraine/storage/local-file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import type { CatalogTraits, CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { Catalog, CommitOutcome } from '../catalog.ts'
import { filesystemCatalog } from './filesystem-catalog.ts'

const FOLDER = '/wh/sales/orders/metadata'
const encode = (text: string) => new TextEncoder().encode(text)

let seed = 0

function open(io: FileIO, leftovers: unknown[] = [], warehouse = '/wh'): Catalog {
  seed += 1
  return filesystemCatalog({
    name: 'lake',
    warehouse: `${warehouse}/`,
    io,
    clock: systemClock,
    random: seededRandom(seed),
    onLeftover: (error) => leftovers.push(error),
  })
}

function openForConformance(store: FileIO, directory: string, close: () => void): CatalogUnderTest {
  let lose: 'answer' | 'request' | undefined
  const lossy: FileIO = {
    ...store,
    async write(location, bytes, options, signal) {
      const losing = options?.createOnly ? lose : undefined
      if (losing !== undefined) lose = undefined
      const outcome = losing === 'request' ? 'written' : await store.write(location, bytes, options, signal)
      if (losing === undefined) return outcome
      throw new MoraineError('unavailable', `writing ${location}: connection lost`)
    },
  }
  return {
    catalog: open(lossy, [], `${directory}/wh`),
    other: open(store, [], `${directory}/wh`),
    io: store,
    scratch: `${directory}/scratch`,
    loseNextAnswer: () => {
      lose = 'answer'
    },
    loseNextRequest: () => {
      lose = 'request'
    },
    close: async () => close(),
  }
}

const TRAITS: CatalogTraits = {
  nestedNamespaces: true,
  namespaceProperties: false,
  impliedNamespaces: true,
  renames: false,
  namesAreFolders: true,
  views: false,
  transactions: false,
  rebases: true,
  optional: [],
  refusedNames: ['slash/ed', 'back\\slashed', 'a:colon'],
  // Each table costs a walk through the warehouse; see below for pages.
  fillsPages: false,
}

catalogConformance('filesystem catalog', TRAITS, async () => openForConformance(memoryFileIO(), 's3://b', () => {}))
catalogConformance('filesystem catalog on disk', TRAITS, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-warehouse-'))
  return openForConformance(localFileIO(systemRandom), directory, () => rmSync(directory, { recursive: true }))
})

const setProperty = (catalog: Catalog, key: string, value = 'x'): Promise<CommitOutcome> =>
  catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: value } }] })

test('versions and the hint stand where Hadoop looks for them', async () => {
  const io = memoryFileIO()
  const catalog = open(io)
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'a')).kind, 'committed')
  assert.deepEqual([...io.locations()].filter((location) => location.startsWith(FOLDER)).sort(), [
    `${FOLDER}/v1.metadata.json`,
    `${FOLDER}/v2.metadata.json`,
    `${FOLDER}/version-hint.text`,
  ])
  assert.equal(Buffer.from(await io.read(`${FOLDER}/version-hint.text`)).toString(), '2')
})

test('a store that cannot create files only if absent is refused', async () => {
  const catalog = open(memoryFileIO({ createOnly: false }))
  await assert.rejects(catalog.createNamespace(['sales']), (error) => isKind(error, 'unsupported'))
  await assert.rejects(createSalesOrders({ catalog }), (error) => isKind(error, 'unsupported'))
})

test('Hadoop renaming its version over ours is noticed', async () => {
  const store = memoryFileIO()
  const io: FileIO = {
    ...store,
    async write(location, bytes, options, signal) {
      const outcome = await store.write(location, bytes, options, signal)
      // Spark looked before we created the file, and renames now.
      if (location.endsWith('/v2.metadata.json'))
        await store.write(location, await store.read(`${FOLDER}/v1.metadata.json`))
      return outcome
    },
  }
  const catalog = open(io)
  const created = await createSalesOrders({ catalog })
  const outcome = await setProperty(catalog, 'ours')
  assert.deepEqual([outcome.kind, outcome.kind === 'conflict' && outcome.raced], ['conflict', true])
  assert.deepEqual((await catalog.loadTable(ORDERS)).metadata, created.metadata)
})

test('a version that somebody made under the other name of its compression is not hidden', async () => {
  const store = memoryFileIO()
  const io: FileIO = {
    ...store,
    async write(location, bytes, options, signal) {
      if (location.endsWith('/v2.metadata.json')) {
        await store.write(`${FOLDER}/v2.gz.metadata.json`, await store.read(`${FOLDER}/v1.metadata.json`))
      }
      return store.write(location, bytes, options, signal)
    },
  }
  const catalog = open(io)
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'ours')).kind, 'conflict')
  assert.equal(await catalog.findMetadataLocation(ORDERS), `${FOLDER}/v2.gz.metadata.json`)
})

test('a create-only write that says "exists" of our own bytes is our commit', async () => {
  const store = memoryFileIO()
  const io: FileIO = {
    ...store,
    // As a layer that tries again sees it, when the first try arrived and its answer did not.
    async write(location, bytes, options, signal) {
      await store.write(location, bytes, options, signal)
      return options?.createOnly ? 'exists' : 'written'
    },
  }
  const catalog = open(io)
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'a')).kind, 'committed')
  assert.equal(Buffer.from(await io.read(`${FOLDER}/version-hint.text`)).toString(), '2')
})

test('a commit stands although its hint cannot be written, and says so', async () => {
  const store = memoryFileIO()
  const leftovers: unknown[] = []
  const full = new MoraineError('exhausted', 'disk full')
  const catalog = open(
    {
      ...store,
      write: (location, bytes, options, signal) =>
        location.endsWith('version-hint.text') ? Promise.reject(full) : store.write(location, bytes, options, signal),
    },
    leftovers,
  )
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'a')).kind, 'committed')
  assert.deepEqual(leftovers, [full, full])
  assert.equal((await catalog.loadTable(ORDERS)).metadata.properties['a'], 'x')
})

test('a process that dies between version and hint leaves a table that reads right', async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  const dying = open({ ...store, remove: () => new Promise<never>(() => {}) })
  void setProperty(dying, 'last')
  while ((await store.stat(`${FOLDER}/v2.metadata.json`)) === undefined) await Promise.resolve()
  assert.equal(Buffer.from(await store.read(`${FOLDER}/version-hint.text`)).toString(), '1')
  assert.equal((await open(store).loadTable(ORDERS)).metadata.properties['last'], 'x')
  assert.equal((await setProperty(open(store), 'next')).kind, 'committed')
})

test('the hint follows a commit that came while it was written', async () => {
  const store = memoryFileIO()
  let interrupted = false
  const catalog = open({
    ...store,
    async write(location, bytes, options, signal) {
      if (location.endsWith('version-hint.text') && Buffer.from(bytes).toString() === '2' && !interrupted) {
        interrupted = true
        assert.equal((await setProperty(open(store), 'b')).kind, 'committed')
      }
      return store.write(location, bytes, options, signal)
    },
  })
  await createSalesOrders({ catalog })
  assert.equal((await setProperty(catalog, 'a')).kind, 'committed')
  assert.equal(Buffer.from(await store.read(`${FOLDER}/version-hint.text`)).toString(), '3')
})

test('a full disk fails the commit and changes nothing', async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  const before = [...store.locations()]
  const catalog = open({ ...store, write: () => Promise.reject(new MoraineError('exhausted', 'disk full')) })
  await assert.rejects(setProperty(catalog, 'a'), /disk full/)
  assert.deepEqual([...store.locations()], before)
})

test("Hadoop's checksum files do not outlive what they are checksums of", async () => {
  const io = memoryFileIO()
  const catalog = open(io)
  await createSalesOrders({ catalog })
  await io.write(`${FOLDER}/.version-hint.text.crc`, encode('crc'))
  await io.write(`${FOLDER}/.v1.metadata.json.crc`, encode('crc'))
  await setProperty(catalog, 'a')
  assert.equal(await io.stat(`${FOLDER}/.version-hint.text.crc`), undefined)
  assert.ok(await io.stat(`${FOLDER}/.v1.metadata.json.crc`))
  await catalog.dropTable(ORDERS)
  assert.deepEqual(
    [...io.locations()].filter((location) => location.includes('.crc')),
    [],
  )
})

test('a table cannot move, nor put its metadata elsewhere', async () => {
  const catalog = open(memoryFileIO())
  const created = await createSalesOrders({ catalog })
  const refused = (updates: Parameters<Catalog['commitTable']>[1]['updates']) =>
    assert.rejects(catalog.commitTable(ORDERS, { requirements: [], updates }), (error) => isKind(error, 'unsupported'))
  await refused([{ action: 'set-location', location: '/elsewhere' }])
  await refused([{ action: 'set-properties', updates: { 'write.metadata.path': '/elsewhere' } }])
  await assert.rejects(
    catalog.createTable({ namespace: ['sales'], name: 'b' }, { ...SALES_ORDERS_TABLE, location: '/b' }),
    /has to be at \/wh\/sales\/b/,
  )
  assert.deepEqual(await catalog.loadTable(ORDERS), created)
})

test('what a dropped table leaves is enough to register it again', async () => {
  const io = memoryFileIO()
  const catalog = open(io)
  await createSalesOrders({ catalog })
  await setProperty(catalog, 'a')
  const { metadata } = await catalog.loadTable(ORDERS)
  await catalog.dropTable(ORDERS)
  const [copy = ''] = [...io.locations()].filter((location) => location.includes('dropped-v2-'))
  const registered = await catalog.registerTable(ORDERS, copy)
  assert.deepEqual(registered.metadata, metadata)
  // v3 could be made by a late commit to the dropped one.
  assert.equal(registered.metadataLocation, `${FOLDER}/v4.metadata.json`)
})

test('a table is registered under the name of its folder alone', async () => {
  const io = memoryFileIO()
  const catalog = open(io)
  await createSalesOrders({ catalog })
  await catalog.dropTable(ORDERS)
  const [copy = ''] = [...io.locations()].filter((location) => location.includes('dropped-v1-'))
  const other = { namespace: ['sales'], name: 'other' }
  await assert.rejects(catalog.registerTable(other, copy), (error) => {
    return isKind(error, 'unsupported') && /: it says that the table is at \/wh\/sales\/orders$/.test(error.message)
  })
  assert.equal(await catalog.findMetadataLocation(other), undefined)
  // Hadoop's clients name a file system in more than one way; what lies in the table's own folder is its own.
  const spelled = new TextEncoder().encode(
    new TextDecoder().decode(await io.read(copy)).replace('"/wh/sales/orders"', '"hdfs://nn:8020/wh/sales/orders"'),
  )
  const elsewhere = '/wh/sales/other/metadata/taken.json'
  for (const place of [copy, elsewhere]) await io.write(place, spelled)
  await assert.rejects(catalog.registerTable(other, elsewhere), (error) => isKind(error, 'unsupported'))
  await catalog.registerTable(ORDERS, copy)
})

for (const [moment, expected] of [
  ['dropped-v1-', 'committed'],
  ['version-hint.text', 'conflict'],
] as const)
  test(`a commit that comes while the table is dropped: at ${moment}`, async () => {
    const store = memoryFileIO()
    await createSalesOrders({ catalog: open(store) })
    let kind: string | undefined
    const interrupt = async (locations: readonly string[]) => {
      if (kind !== undefined || !locations.some((location) => location.includes(moment))) return
      kind = (await setProperty(open(store), 'late')).kind
    }
    const dropping = open({
      ...store,
      async write(location, ...rest) {
        await interrupt([location])
        return store.write(location, ...rest)
      },
      async remove(locations, signal) {
        await interrupt(locations)
        return store.remove(locations, signal)
      },
    })
    const dropped = dropping.dropTable(ORDERS)
    if (expected === 'conflict') {
      await dropped
      assert.equal(await open(store).findMetadataLocation(ORDERS), undefined)
    } else {
      await assert.rejects(dropped, (error) => isKind(error, 'conflict'))
      assert.equal((await open(store).loadTable(ORDERS)).metadata.properties['late'], 'x')
      assert.equal((await setProperty(open(store), 'next')).kind, 'committed')
    }
    assert.equal(kind, expected)
  })

test('a drop that dies takes no commits until it is made again, and says how to go on', async () => {
  const store = memoryFileIO()
  const { metadata } = await createSalesOrders({ catalog: open(store) })
  const dying = open({ ...store, remove: () => new Promise<never>(() => {}) })
  void dying.dropTable(ORDERS)
  const copy = `${FOLDER}/dropped-v1-${metadata.tableUuid}.json`
  while ((await store.stat(copy)) === undefined) await Promise.resolve()
  const outcome = await setProperty(open(store), 'a')
  assert.ok(outcome.kind === 'conflict')
  assert.match(outcome.reason, /being dropped.*drop it again, or remove .*dropped-v1-/)
  assert.deepEqual((await open(store).loadTable(ORDERS)).metadata, metadata)
  await open(store).dropTable(ORDERS)
  assert.equal(await open(store).findMetadataLocation(ORDERS), undefined)
})

test("a Hadoop commit that a drop comes too late for stays, and is the table's current version", async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  const dropping = open({
    ...store,
    async remove(locations, signal) {
      // Spark looks for no copy.
      if (locations.includes(`${FOLDER}/v1.metadata.json`))
        await store.write(`${FOLDER}/v2.metadata.json`, await store.read(`${FOLDER}/v1.metadata.json`))
      return store.remove(locations, signal)
    },
  })
  await assert.rejects(dropping.dropTable(ORDERS), (error) => isKind(error, 'conflict'))
  assert.equal(await open(store).findMetadataLocation(ORDERS), `${FOLDER}/v2.metadata.json`)
})

test('a commit that others have gone on from before it was confirmed stands, though its base is gone', async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  const short = { 'write.metadata.previous-versions-max': '1', 'write.metadata.delete-after-commit.enabled': 'true' }
  const updates = [{ action: 'set-properties', updates: short }] as const
  await open(store).commitTable(ORDERS, { requirements: [], updates })
  const slow = open({
    ...store,
    async write(location, ...rest) {
      const outcome = await store.write(location, ...rest)
      if (location.endsWith('/v3.metadata.json')) await setProperty(open(store), 'next')
      return outcome
    },
  })
  assert.equal((await setProperty(slow, 'a')).kind, 'committed')
  const { metadata, metadataLocation } = await open(store).loadTable(ORDERS)
  assert.deepEqual([metadata.properties['a'], metadata.properties['next']], ['x', 'x'])
  assert.equal(metadataLocation, `${FOLDER}/v4.metadata.json`)
})

test('a hint that names what is not there does not keep commits from standing', async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  await store.write(`${FOLDER}/version-hint.text`, encode('99'))
  assert.equal((await setProperty(open(store), 'a')).kind, 'committed')
  assert.equal(Buffer.from(await store.read(`${FOLDER}/version-hint.text`)).toString(), '2')
})

test('a version that was removed as too old is not made again by who began long ago', async () => {
  const store = memoryFileIO()
  await createSalesOrders({ catalog: open(store) })
  const short = { 'write.metadata.previous-versions-max': '1', 'write.metadata.delete-after-commit.enabled': 'true' }
  let isLate = false
  let wasThere = true
  const slow = open({
    ...store,
    async write(location, ...rest) {
      if (!isLate && location.endsWith('/v2.metadata.json')) {
        isLate = true
        const updates = [{ action: 'set-properties', updates: short }] as const
        await open(store).commitTable(ORDERS, { requirements: [], updates })
        for (const key of ['b', 'c', 'd']) await setProperty(open(store), key)
        wasThere = (await store.stat(location)) !== undefined
      }
      return store.write(location, ...rest)
    },
  })
  const { kind } = await setProperty(slow, 'a')
  assert.deepEqual([wasThere, kind], [false, 'unknown'])
  const { metadata, metadataLocation } = await open(store).loadTable(ORDERS)
  assert.deepEqual([metadata.properties['a'], metadata.properties['d']], [undefined, 'x'])
  assert.equal(metadataLocation, `${FOLDER}/v5.metadata.json`)
})

test('tables and namespaces inside the folder of a table are refused', async () => {
  const catalog = open(memoryFileIO())
  await createSalesOrders({ catalog })
  const inside = ['sales', 'orders']
  await assert.rejects(catalog.createNamespace(inside), (error) => isKind(error, 'already-exists'))
  await assert.rejects(catalog.createTable({ namespace: inside, name: 't' }, SALES_ORDERS_TABLE), (error) =>
    isKind(error, 'already-exists'),
  )
  await catalog.createNamespace(['a'])
  await catalog.createNamespace(['a', 'b'])
  await assert.rejects(catalog.createTable({ namespace: ['a'], name: 'b' }, SALES_ORDERS_TABLE), (error) =>
    isKind(error, 'already-exists'),
  )
})

test('folders of Spark need no marker to be namespaces', async () => {
  const io = memoryFileIO()
  const catalog = open(io)
  await io.write('/wh/spark/deep/t/metadata/v1.metadata.json', encode('{}'))
  await io.write('/wh/spark/notes.txt', encode('not a table'))
  await io.write('/wh/other/data/1.parquet', encode('not a table'))
  assert.deepEqual(await catalog.listNamespaces([]), { items: [['spark']] })
  assert.deepEqual(await catalog.listNamespaces(['spark']), { items: [['spark', 'deep']] })
  assert.deepEqual(await catalog.listTables(['spark']), { items: [] })
  assert.deepEqual(await catalog.listTables(['spark', 'deep']), {
    items: [{ namespace: ['spark', 'deep'], name: 't' }],
  })
  assert.deepEqual(await catalog.loadNamespace(['spark', 'deep']), { location: '/wh/spark/deep' })
})

test('a warehouse of more folders than fit a page is listed in pages', async () => {
  const io = memoryFileIO()
  const names = Array.from({ length: 2001 }, (_, number) => `t${number}`)
  for (const name of names) await io.write(`/wh/sales/${name}/metadata/v1.metadata.json`, encode('{}'))
  const first = await open(io).listTables(['sales'])
  const second = await open(io).listTables(['sales'], first.nextPage)
  const third = await open(io).listTables(['sales'], second.nextPage)
  assert.deepEqual([first.items.length, second.items.length, third.items.length], [1000, 1000, 1])
  assert.equal(third.nextPage, undefined)
  const listed = [...first.items, ...second.items, ...third.items].map(({ name }) => name)
  assert.deepEqual(listed, [...names].sort())
})
