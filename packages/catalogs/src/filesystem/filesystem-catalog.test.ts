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
  views: false,
  transactions: false,
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
  assert.equal(registered.metadataLocation, `${FOLDER}/v1.metadata.json`)
})

for (const moment of ['dropped-v1-', 'version-hint.text'])
  test(`a commit that comes while the table is dropped stays: at ${moment}`, async () => {
    const store = memoryFileIO()
    await createSalesOrders({ catalog: open(store) })
    const interrupt = async (locations: readonly string[]) => {
      if (!locations.some((location) => location.includes(moment))) return
      assert.equal((await setProperty(open(store), 'late')).kind, 'committed')
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
    await assert.rejects(dropping.dropTable(ORDERS), (error) => isKind(error, 'conflict'))
    assert.equal((await open(store).loadTable(ORDERS)).metadata.properties['late'], 'x')
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
