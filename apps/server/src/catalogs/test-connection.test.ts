import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog, CommitOutcome } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { testConnection } from './test-connection.ts'

const REST: PlainCatalog = {
  name: 'far',
  type: 'rest',
  properties: { uri: 'http://h', token: 'hunter2' },
  storageConfig: {},
  authConfig: {},
}

/** A catalog of files in memory, said to be of another type, with some of its methods replaced. */
async function setUp(replaced: Partial<Catalog> = {}, plain = REST, withTable = true) {
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
  const run = testConnection(plain, {
    async open(catalog) {
      opened.push(catalog)
      const filter = catalogFilter(catalog.properties)
      return { catalog: { ...files, ...replaced }, io, storage: {}, filter, tableDefaults: {} }
    },
    clock,
    random,
  })
  return { run, clock, opened, isUnchanged: () => io.locations().join() === before }
}

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
  const files = await setUp(
    { commitTable: async () => assert.fail('a commit was sent') },
    { ...REST, type: 'filesystem' },
  )
  assert.deepEqual(await summary(files), [true, 'reach passed, list passed, read passed, commit skipped'])
  const empty = await setUp({}, REST, false)
  assert.deepEqual(await summary(empty), [true, 'reach passed, list skipped, read skipped, commit skipped'])
  const jdbc = await setUp({}, { ...REST, type: 'jdbc' })
  await jdbc.run
  assert.equal(jdbc.opened[0]?.properties['jdbc.init-catalog-tables'], 'false')
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

test('a catalog that takes a commit it must refuse fails the test', async () => {
  for (const outcome of ['committed', 'unknown'] as const) {
    const world = await setUp({
      commitTable: async () => ({ kind: outcome, cause: new Error('lost') }) as CommitOutcome,
    })
    assert.deepEqual(await summary(world), [false, 'reach passed, list passed, read passed, commit failed'])
  }
})

test('a catalog that never answers fails in time', async () => {
  const world = await setUp({ listNamespaces: () => new Promise(() => {}) })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(world.clock.step(), true)
  assert.deepEqual(await summary(world), [false, 'reach failed, list skipped, read skipped, commit skipped'])
  assert.match((await world.run).steps[0]?.text ?? '', /step 'reach' did not end within 10000 ms/)
})

test('filters count', async () => {
  const world = await setUp({}, { ...REST, properties: { ...REST.properties, 'table-filter': 'sales.x' } })
  assert.deepEqual(await summary(world), [true, 'reach passed, list passed, read skipped, commit skipped'])
})

test('what was opened for a test is closed, and a failure of that is no failure of the test', async () => {
  let closed = 0
  const close = () => {
    closed += 1
    throw new Error('not now')
  }
  const world = await setUp({ close } as Partial<Catalog>)
  assert.deepEqual([(await world.run).passed, closed], [true, 1])
})
