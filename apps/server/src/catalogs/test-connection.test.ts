import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Catalog, CommitOutcome } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { openJdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import { createdMetadata } from '@moraine/catalogs/metadata-file/created-metadata'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { OpenedCatalog } from './open-catalogs.ts'
import { registrationWarnings } from './registration-warnings.ts'
import { tableFiles } from './table-files.ts'
import { testConnection } from './test-connection.ts'
import { buildOpened } from './testing/build-opened.ts'

const REST: PlainCatalog = {
  name: 'far',
  type: 'rest',
  properties: { uri: 'http://h', token: 'hunter2' },
  storageConfig: {},
  authConfig: {},
}

/** A catalog of files in memory, said to be of another type, with some of its methods replaced. */
async function setUp(
  replaced: Partial<Catalog> = {},
  plain = REST,
  withTable = true,
  replacedIo: Partial<FileIO> = {},
  signal?: AbortSignal,
) {
  const clock = virtualClock()
  const random = seededRandom(6)
  const io = memoryFileIO()
  const onLeftover = () => assert.fail('nothing is left behind')
  const files = filesystemCatalog({ name: 'far', warehouse: 's3://b/wh', io, clock, random, onLeftover })
  if (withTable) {
    await files.createNamespace(['sales'], {})
    await files.createTable(ORDERS, SALES_ORDERS_TABLE)
  }
  const opened: PlainCatalog[] = []
  const before = io.locations().join()
  const run = testConnection(
    plain,
    {
      async open(catalog) {
        opened.push(catalog)
        const filter = catalogFilter(catalog.properties)
        const tested = { ...files, ...replaced }
        const { loadStorage } = tested
        const vended =
          loadStorage && tableFiles({ loadStorage, own: {}, io, open: () => io, clock, onLate: () => assert.fail() })
        const placement = { type: catalog.type, warehouse: 's3://b/wh', allowsExternal: false }
        return {
          catalog: tested,
          io: { ...io, ...replacedIo },
          storage: {},
          filter,
          placement,
          boundsFiles: false,
          tableDefaults: {},
          ...(vended && { files: vended }),
        }
      },
      findWarnings: (catalog) =>
        registrationWarnings(catalog, {
          findOverlaps: async ({ warehouse }) =>
            warehouse === 's3://b/shared'
              ? ['near', 'other'].map((name) => ({ catalog: name, areBothOwn: false }))
              : [],
        }),
      clock,
      random,
    },
    signal,
  )
  return { run, clock, opened, isUnchanged: () => io.locations().join() === before }
}

const LOADED = createdMetadata(SALES_ORDERS_TABLE, 's3://b/wh/sales/orders', {
  clock: virtualClock(),
  random: seededRandom(7),
})

const summary = async ({ run }: Awaited<ReturnType<typeof setUp>>) => {
  const { passed, steps } = await run
  return [passed, steps.map(({ step, outcome }) => `${step} ${outcome}`).join(', ')]
}

test('all steps are gone, a commit is sent that cannot hold, and nothing is changed', async () => {
  const world = await setUp()
  assert.deepEqual(await summary(world), [true, 'reach passed, list passed, read passed, commit passed'])
  assert.equal(world.isUnchanged(), true)
  assert.match((await world.run).steps[1]?.text ?? '', /such as sales\.orders/)
})

test('what would not be safe is skipped, and said so', async () => {
  const custom = await setUp({ commitTable: async () => assert.fail('a commit was sent') }, { ...REST, type: 'custom' })
  assert.deepEqual(await summary(custom), [true, 'reach passed, list passed, read passed, commit skipped'])
  const empty = await setUp({}, REST, false)
  assert.deepEqual(await summary(empty), [true, 'reach passed, list skipped, read skipped, commit skipped'])
  const asked = { uri: 'jdbc:sqlite:x', 'jdbc.schema-version': 'V1' }
  const jdbc = await setUp({}, { ...REST, type: 'jdbc', properties: asked })
  await jdbc.run
  assert.deepEqual(jdbc.opened[0]?.properties, { uri: 'jdbc:sqlite:x', 'jdbc.init-catalog-tables': 'false' })
})

test('how a catalog commits is said of the types that have a way, and of no other', async () => {
  const told = async (type: PlainCatalog['type']) => (await (await setUp({}, { ...REST, type })).run).steps[3]
  for (const type of ['filesystem', 'hadoop'] as const)
    assert.match((await told(type))?.text ?? '', /^commits are files that are written once; /)
  assert.match((await told('ams'))?.text ?? '', /^commits are pointers in the database of this service; /)
  for (const type of ['hive', 'glue', 'jdbc'] as const) {
    const step = await told(type)
    assert.deepEqual([step?.outcome, /no way to try a commit/.test(step?.text ?? '')], ['skipped', true], type)
  }
})

test('other catalogs are asked to refuse a change, and files are written where commits write them', async () => {
  const commitTable = async () => assert.fail('a commit was sent')
  const files = await setUp({ commitTable }, { ...REST, type: 'filesystem' })
  assert.deepEqual(await summary(files), [true, 'reach passed, list passed, read passed, commit passed'])
  assert.equal(files.isUnchanged(), true)
  const hive = await setUp({ commitTable, probeCommit: async () => 'refused' }, { ...REST, type: 'hive' })
  assert.match((await hive.run).steps[3]?.text ?? '', /^refused; files can be written and removed/)
  const readOnly = async () => {
    throw new MoraineError('permission', 'read only')
  }
  const refusing = await setUp({ commitTable, probeCommit: readOnly }, { ...REST, type: 'glue' })
  assert.deepEqual(await summary(refusing), [false, 'reach passed, list passed, read passed, commit failed'])
  const unwritable = await setUp({ commitTable }, { ...REST, type: 'filesystem' }, true, { write: readOnly })
  assert.deepEqual(await summary(unwritable), [false, 'reach passed, list passed, read passed, commit failed'])
  const kept = await setUp({ commitTable }, { ...REST, type: 'filesystem' }, true, { remove: readOnly })
  assert.match((await kept.run).steps[3]?.text ?? '', /\.moraine-test-.* cannot be removed; .* by hand/)
})

test('a JDBC database without the tables of a catalog passes, and stays without them', async () => {
  const path = join(mkdtempSync(`${tmpdir()}/moraine-test-connection-`), 'catalog.db')
  new DatabaseSync(path).close()
  const [clock, random, io] = [virtualClock(), seededRandom(6), memoryFileIO()]
  const open = async ({ type, properties }: PlainCatalog) => {
    const options = { name: 'sql', properties, io, clock, random, onLeftover: assert.fail }
    const files = filesystemCatalog({ ...options, warehouse: 's3://b' })
    const catalog = type === 'jdbc' ? await openJdbcCatalog(options) : files
    const placement = { type: 'jdbc', warehouse: 's3://b', allowsExternal: false } as const
    return { catalog, io, storage: {}, filter: catalogFilter({}), placement, boundsFiles: false, tableDefaults: {} }
  }
  const plain = { ...REST, type: 'jdbc', properties: { uri: `jdbc:sqlite:${path}`, warehouse: 's3://b' } } as const
  const deps = { open, findWarnings: async () => [], clock, random }
  const { passed, steps } = await testConnection(plain, deps)
  assert.equal(passed, true)
  assert.match(steps[3]?.text ?? '', /written and removed in the warehouse s3:/)
  assert.deepEqual(io.locations(), [])
  assert.match(steps[0]?.text ?? '', /are not there, and are made when it is first used/)
  const db = new DatabaseSync(path)
  assert.deepEqual(db.prepare('SELECT name FROM sqlite_master').all(), [])
  db.close()
  const without = { ...plain, properties: { ...plain.properties, 'jdbc.init-catalog-tables': 'false' } }
  assert.equal((await testConnection(without, deps)).passed, false)
  rmSync(dirname(path), { recursive: true })
})

test('the step that fails is named with the reason, without a secret, and none comes after it', async () => {
  const listTables = async () => {
    throw new MoraineError('permission', 'Bearer hunter2 may not list')
  }
  const world = await setUp({ listTables })
  assert.deepEqual(await summary(world), [false, 'reach passed, list failed, read skipped, commit skipped'])
  assert.deepEqual((await world.run).steps.map(({ text }) => text).slice(1, 3), [
    'Bearer ******** may not list',
    "'list' failed",
  ])
})

test('one damaged table is named and does not fail the test; all of them do', async () => {
  const healthy = { namespace: ['sales'], name: 'orders' }
  const damaged = { namespace: ['sales'], name: 'broken' }
  const listTables = async () => ({ items: [damaged, healthy] })
  const plain = { ...REST, type: 'filesystem' } as const
  const refuses = (names: readonly string[]) => ({
    listTables,
    loadTable: async ({ name }: { readonly name: string }) => {
      if (names.includes(name)) throw new MoraineError('corrupt', `v2.metadata.json of ${name} is not valid JSON`)
      return {
        identifier: healthy,
        metadata: LOADED,
        metadataLocation: 's3://b/wh/sales/orders/metadata/v1.metadata.json',
      }
    },
  })
  const one = await (await setUp(refuses(['broken']), plain)).run
  assert.equal(one.passed, true)
  assert.match(
    one.steps[2]?.text ?? '',
    /^sales\.orders was loaded.*; sales\.broken cannot be read: v2\.metadata\.json/,
  )
  const all = await (await setUp(refuses(['broken', 'orders']), plain)).run
  assert.deepEqual([all.passed, all.steps[2]?.outcome], [false, 'failed'])
})

test('a catalog that takes a commit it must refuse fails the test', async () => {
  for (const outcome of ['committed', 'unknown'] as const) {
    const world = await setUp({
      commitTable: async () => ({ kind: outcome, cause: new Error('lost') }) as CommitOutcome,
    })
    assert.deepEqual(await summary(world), [false, 'reach passed, list passed, read passed, commit failed'])
  }
})

test('a store that is not there is told before anything is listed', async () => {
  const stat = async () => {
    throw new MoraineError('unavailable', 'reading s3://b/wh/x failed: no credentials for it were given')
  }
  const listNamespaces = async () => assert.fail('it is listed')
  const properties = { warehouse: 's3://b/wh' }
  const files = { ...REST, type: 'filesystem', properties } as const
  const { steps } = await (await setUp({ listNamespaces }, files, false, { stat })).run
  assert.deepEqual([steps[0]?.outcome, steps[0]?.text.includes('no credentials for it were given')], ['failed', true])
  const refused = async () => {
    throw new MoraineError('permission', 'no ListBucket')
  }
  const { passed } = await (await setUp({}, files, false, { stat: refused })).run
  assert.equal(passed, true, 'what is written and listed need not be open to such a question')
})

test('a catalog that never answers fails in time', async () => {
  const world = await setUp({ listNamespaces: () => new Promise(() => {}) })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(world.clock.step(), true)
  assert.deepEqual(await summary(world), [false, 'reach failed, list skipped, read skipped, commit skipped'])
  assert.match(
    (await world.run).steps[0]?.text ?? '',
    /step 'reach' did not end within 10000 ms; see that uri http:\/\/h can be reached from here/,
  )
})

test('who gives up ends the step at hand, and what was opened is closed', async () => {
  const client = new AbortController()
  let closed = 0
  const asked: string[] = []
  const replaced: Partial<Catalog> = {
    async close() {
      closed += 1
    },
    listTables(_namespace, _page, signal) {
      asked.push('listTables')
      queueMicrotask(() => client.abort(new MoraineError('aborted', 'the client has gone')))
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    },
    async loadTable() {
      asked.push('loadTable')
      assert.fail('nobody waits for it')
    },
  }
  const { run } = await setUp(replaced, REST, true, {}, client.signal)
  await assert.rejects(run, (error) => isKind(error, 'aborted') && error.message === 'the client has gone')
  assert.deepEqual([closed, asked], [1, ['listTables']])
})

test('filters count', async () => {
  const world = await setUp({}, { ...REST, properties: { ...REST.properties, 'table-filter': 'sales.x' } })
  assert.deepEqual(await summary(world), [true, 'reach passed, list passed, read skipped, commit skipped'])
})

test('a filter that lets nothing pass of what is there is told, and passes', async () => {
  const warningsOf = async (filter: Readonly<Record<string, string>>, withTable = true) => {
    const { run } = await setUp({}, { ...REST, properties: { ...REST.properties, ...filter } }, withTable)
    const { passed, steps } = await run
    assert.equal(passed, true)
    return steps.flatMap(({ step, warning }) => (warning === undefined ? [] : [`${step}: ${warning}`]))
  }
  assert.deepEqual(await warningsOf({ 'database-filter': 'sale' }), [
    'reach: its database-filter lets nothing pass of what was seen (sales), and nothing of it is looked after: it has to match the whole name',
  ])
  assert.deepEqual(await warningsOf({ 'table-filter': 'orders' }), [
    'list: its table-filter lets nothing pass of what was seen (sales.orders), and nothing of it is looked after: it has to match the whole name',
  ])
  for (const filter of [{ 'database-filter': 'sales' }, { 'table-filter': '.*orders' }, {}]) {
    assert.deepEqual(await warningsOf(filter), [])
  }
  assert.deepEqual(await warningsOf({ 'database-filter': 'sale' }, false), [], 'there is nothing to pass')
})

test('what was opened for a test is closed, and a failure of that is no failure of the test', async () => {
  let closed = 0
  const close = () => {
    closed += 1
    return Promise.reject(new Error('not now'))
  }
  const world = await setUp({ close })
  assert.deepEqual([(await world.run).passed, closed], [true, 1])
})

test('a catalog that opens after its time is up is closed, and asked nothing', async () => {
  const clock = virtualClock()
  let answer: (opened: OpenedCatalog) => void = () => assert.fail('it was not asked to open')
  const opening = new Promise<OpenedCatalog>((resolve) => {
    answer = resolve
  })
  const deps = { open: () => opening, findWarnings: async () => [], clock, random: seededRandom(6) }
  const run = testConnection({ ...REST, type: 'jdbc', properties: { uri: 'jdbc:sqlite:x' } }, deps)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(clock.step(), true)
  const { passed, steps } = await run
  assert.deepEqual([passed, steps[0]?.text.includes('did not end within 10000 ms')], [false, true])
  let closed = 0
  const io = memoryFileIO()
  const files = filesystemCatalog({
    name: 'far',
    warehouse: 's3://b/wh',
    io,
    clock,
    random: deps.random,
    onLeftover: assert.fail,
  })
  const late: Catalog = {
    ...files,
    listNamespaces: async () => assert.fail('nobody waits for it'),
    async close() {
      closed += 1
    },
  }
  answer(buildOpened(late))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(closed, 1)
})

test('a catalog that only signs requests fails as it is read, with the remedy', async () => {
  const properties = { 's3.remote-signing-enabled': 'true', 's3.endpoint': 'http://s3' }
  const world = await setUp({ loadStorage: async () => ({ location: 's3://b/wh/sales/orders', properties }) })
  assert.deepEqual(await summary(world), [false, 'reach passed, list passed, read failed, commit skipped'])
  const { steps } = await world.run
  assert.match(steps[2]?.text ?? '', /sales\.orders.*s3\.remote-signing-enabled.*have the catalog vend credentials/)
  const vending = await setUp({
    loadStorage: async () => ({ location: 's3://b/wh/sales/orders', properties: { 's3.access-key-id': 'k' } }),
  })
  assert.equal((await vending.run).passed, true)
})

test('where no table can be tried a file is written to the warehouse, and removed', async () => {
  const properties = { warehouse: 's3://b/wh/', uri: 'jdbc:sqlite:x' }
  for (const type of ['ams', 'filesystem', 'hadoop', 'jdbc'] as const) {
    const written: string[] = []
    const { write } = memoryFileIO()
    const io: Partial<FileIO> = {
      write: async (location, ...more) => {
        written.push(location)
        return write(location, ...more)
      },
    }
    const world = await setUp({}, { ...REST, type, properties }, false, io)
    assert.deepEqual(await summary(world), [true, 'reach passed, list skipped, read skipped, commit passed'])
    assert.match(written.join(), /^s3:\/\/b\/wh\/\.moraine-test-[0-9a-f-]{36}$/)
    assert.equal(world.isUnchanged(), true)
    const refusing = {
      write: async () => {
        throw new MoraineError('not-found', 'writing s3://b/wh/x failed: there is no such bucket')
      },
    }
    const { passed, steps } = await (await setUp({}, { ...REST, type, properties }, false, refusing)).run
    assert.deepEqual([passed, steps.at(-1)?.outcome], [false, 'failed'])
    assert.match(steps.at(-1)?.text ?? '', /nothing can be written to the warehouse s3:\/\/b\/wh\/: .*no such bucket/)
  }
})

test('a catalog of the service itself is tried by a file beside the metadata of a table', async () => {
  const world = await setUp({}, { ...REST, type: 'ams', properties: { warehouse: 's3://b/wh' } })
  assert.deepEqual(await summary(world), [true, 'reach passed, list passed, read passed, commit passed'])
  assert.match((await world.run).steps.at(-1)?.text ?? '', /pointers in the database of this service; files can be/)
  assert.equal(world.isUnchanged(), true)
})

test('a warehouse that overlaps those of other catalogs is told, and passes', async () => {
  const world = await setUp({}, { ...REST, type: 'ams', properties: { warehouse: 's3://b/shared' } })
  const { passed, steps } = await world.run
  assert.equal(passed, true)
  assert.match(
    steps[0]?.warning ?? '',
    /^its warehouse overlaps that of near, other: nothing is registered in, or purged/,
  )
})

test('formats whose tables are passed over are told', async () => {
  const formats = (list: string) => ({ ...REST, properties: { ...REST.properties, 'table-formats': list } })
  const warning = async (list: string) => (await (await setUp({}, formats(list))).run).steps[0]?.warning
  assert.equal(await warning('ICEBERG'), undefined)
  assert.match((await warning('ICEBERG,HUDI,PAIMON')) ?? '', /^tables of HUDI, PAIMON are passed over: only those in/)
})

test('a catalog that looks empty says why, if it knows', async () => {
  const explainEmpty = async () => "the database has rows of catalogs 'prod', none of 'far'"
  const { steps } = await (await setUp({ explainEmpty }, { ...REST, type: 'jdbc' }, false)).run
  assert.deepEqual(
    [steps[0]?.text, steps[0]?.warning],
    ['it answers; it has no databases', "the database has rows of catalogs 'prod', none of 'far'"],
  )
})
