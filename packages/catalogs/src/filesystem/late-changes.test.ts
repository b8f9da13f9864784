import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { type MemoryFileIO, memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { Catalog, CommitOutcome } from '../catalog.ts'
import { filesystemCatalog } from './filesystem-catalog.ts'

// Each catalog that is opened stands for a process of its own.

const FOLDER = '/wh/sales/orders/metadata'
/** More calls than any change makes. */
const CALLS_MAX = 30

let seed = 0

function open(io: FileIO): Catalog {
  seed += 1
  return filesystemCatalog({
    name: 'lake',
    warehouse: '/wh',
    io,
    clock: systemClock,
    random: seededRandom(seed),
    onLeftover: (error) => assert.fail(String(error)),
  })
}

/** Waits before each of its calls. */
function waiting(store: MemoryFileIO, wait: () => Promise<unknown>): FileIO {
  return {
    ...store,
    read: (...call) => wait().then(() => store.read(...call)),
    stat: (...call) => wait().then(() => store.stat(...call)),
    write: (...call) => wait().then(() => store.write(...call)),
    remove: (...call) => wait().then(() => store.remove(...call)),
    async *list(...call) {
      await wait()
      yield* store.list(...call)
    },
  }
}

type Paused<T> = { readonly hasPaused: boolean; finish(): Promise<T> }

/** Runs work of another process up to its call of that number, or to its end if it makes fewer. */
async function pauseAt<T>(
  store: MemoryFileIO,
  call: number,
  work: (catalog: Catalog) => Promise<T>,
): Promise<Paused<T>> {
  const reached = Promise.withResolvers<true>()
  const resumed = Promise.withResolvers<void>()
  let calls = 0
  const io = waiting(store, async () => {
    calls += 1
    if (calls !== call) return
    reached.resolve(true)
    await resumed.promise
  })
  const end = work(open(io))
  const ended = end.then(
    () => false,
    () => false,
  )
  const hasPaused = await Promise.race([reached.promise, ended])
  return {
    hasPaused,
    finish() {
      resumed.resolve()
      return end
    },
  }
}

const setProperty = (catalog: Catalog, key: string): Promise<CommitOutcome> =>
  catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] })

const kindOfCommit = (commit: Promise<CommitOutcome>): Promise<string> =>
  commit.then(
    ({ kind }) => kind,
    (error: unknown) => (isKind(error, 'not-found') ? 'not-found' : Promise.reject(error)),
  )

const kindOfDrop = (drop: Promise<void>): Promise<string> =>
  drop.then(
    () => 'dropped',
    (error: unknown) => {
      if (isKind(error, 'conflict') || isKind(error, 'not-found')) return error.kind
      throw error
    },
  )

async function tableOf(versions: number): Promise<MemoryFileIO> {
  const store = memoryFileIO()
  const catalog = open(store)
  await createSalesOrders({ catalog })
  for (let version = 2; version <= versions; version += 1) await setProperty(catalog, `old-${version}`)
  return store
}

/** Drops the table, creates another of its name and changes that as often. */
async function replaceTable(store: MemoryFileIO, changes: number): Promise<() => Promise<void>> {
  const catalog = open(store)
  await catalog.dropTable(ORDERS)
  assert.equal(await open(store).findMetadataLocation(ORDERS), undefined)
  const { metadata } = await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  const keys = Array.from({ length: changes }, (_, at) => `new-${at}`)
  for (const key of keys) assert.equal((await setProperty(catalog, key)).kind, 'committed')
  return async () => {
    const now = (await open(store).loadTable(ORDERS)).metadata
    assert.equal(now.tableUuid, metadata.tableUuid)
    for (const key of keys) assert.equal(now.properties[key], 'x')
  }
}

async function dropInto(store: MemoryFileIO): Promise<string> {
  return kindOfDrop(open(store).dropTable(ORDERS))
}

async function copiesHave(store: MemoryFileIO, key: string): Promise<boolean> {
  const copies = store.locations().filter((location) => location.startsWith(`${FOLDER}/dropped-`))
  const texts = await Promise.all(copies.map(async (location) => Buffer.from(await store.read(location)).toString()))
  return texts.some((text) => text.includes(`"${key}"`))
}

for (const versions of [1, 3])
  for (const changes of [0, 2, 3])
    test(`a commit that stops at any call does not replace a new table: ${versions}, ${changes}`, async () => {
      let pauses = 0
      for (let call = 1; call <= CALLS_MAX; call += 1) {
        const store = await tableOf(versions)
        const late = await pauseAt(store, call, (catalog) => setProperty(catalog, 'late'))
        if (late.hasPaused) pauses += 1
        const check = await replaceTable(store, changes)
        const kind = await kindOfCommit(late.finish())
        await check()
        const names = store.locations().filter((location) => location.startsWith(`${FOLDER}/v`))
        // Before its first look, it is a commit to the new table.
        const takesPart = (await open(store).loadTable(ORDERS)).metadata.properties['late'] === 'x'
        const isPast = await copiesHave(store, 'late')
        assert.equal(
          kind === 'committed' || kind === 'unknown',
          takesPart || isPast,
          `${call}: ${kind}, ${names.join()}`,
        )
        assert.equal((await setProperty(open(store), 'next')).kind, 'committed')
        await check()
      }
      assert.ok(pauses > 8 && pauses < CALLS_MAX, String(pauses))
    })

test('a commit that dies at any call leaves a dropped table dropped and its name free', async () => {
  for (let call = 1; call <= CALLS_MAX; call += 1) {
    const store = await tableOf(2)
    await pauseAt(store, call, (catalog) => setProperty(catalog, 'late'))
    const check = await replaceTable(store, 1)
    await check()
    await open(store).dropTable(ORDERS)
    assert.equal(await open(store).findMetadataLocation(ORDERS), undefined, String(call))
  }
})

test('a version that comes after the drop is taken for none until it is taken back', async () => {
  for (const versions of [1, 3]) {
    const store = await tableOf(versions)
    const version = `${FOLDER}/v${versions + 1}.metadata.json`
    const seen: unknown[] = []
    const slow = open({
      ...store,
      async write(location, ...rest) {
        if (location !== version) return store.write(location, ...rest)
        await open(store).dropTable(ORDERS)
        const outcome = await store.write(location, ...rest)
        seen.push(await open(store).findMetadataLocation(ORDERS), await dropInto(store))
        return outcome
      },
    })
    assert.equal(await kindOfCommit(setProperty(slow, 'late')), 'conflict')
    assert.deepEqual([...seen, await store.stat(version)], [undefined, 'not-found', undefined])
  }
})

/** Of a commit and a drop that stop at these calls and end in this order; answers which have stopped. */
async function meet(commitCall: number, dropCall: number, first: 'commit' | 'drop') {
  const store = await tableOf(2)
  const commit = await pauseAt(store, commitCall, (catalog) => setProperty(catalog, 'late'))
  const drop = await pauseAt(store, dropCall, (catalog) => catalog.dropTable(ORDERS))
  const early = first === 'commit' ? await kindOfCommit(commit.finish()) : await kindOfDrop(drop.finish())
  const committed = first === 'commit' ? early : await kindOfCommit(commit.finish())
  const dropped = first === 'drop' ? early : await kindOfDrop(drop.finish())
  const what = `${commitCall}, ${dropCall}, ${first}: ${committed}, ${dropped}`
  const isThere = (await open(store).findMetadataLocation(ORDERS)) !== undefined
  if (dropped === 'dropped') assert.ok(!isThere, what)
  const isInTable = isThere && (await open(store).loadTable(ORDERS)).metadata.properties['late'] === 'x'
  // Or it is in what the drop that came after it has left.
  const isKept = isInTable || (!isThere && (await copiesHave(store, 'late')))
  if (committed === 'committed') assert.ok(isKept, what)
  if (committed === 'conflict') assert.ok(!isKept, what)
  return { commitHasPaused: commit.hasPaused, dropHasPaused: drop.hasPaused }
}

test('a commit and a drop that stop at any calls agree on what became of the table', async () => {
  let pairs = 0
  for (const first of ['commit', 'drop'] as const)
    for (let commitCall = 1, isCommitOver = false; !isCommitOver; commitCall += 1)
      for (let dropCall = 1, isDropOver = false; !isDropOver; dropCall += 1) {
        const { commitHasPaused, dropHasPaused } = await meet(commitCall, dropCall, first)
        isCommitOver = !commitHasPaused
        isDropOver = !dropHasPaused
        pairs += 1
      }
  assert.ok(pairs > 100, String(pairs))
})

test('a drop that stops at any call removes nothing of a table that was created meanwhile', async () => {
  for (const changes of [0, 1, 4])
    for (let call = 1; call <= CALLS_MAX; call += 1) {
      const store = await tableOf(2)
      const drop = await pauseAt(store, call, (catalog) => catalog.dropTable(ORDERS))
      const hasLooked = await copiesHave(store, 'old-2')
      if ((await open(store).findMetadataLocation(ORDERS)) !== undefined) assert.equal(await dropInto(store), 'dropped')
      const { metadata } = await open(store).createTable(ORDERS, SALES_ORDERS_TABLE)
      for (let change = 0; change < changes; change += 1) await setProperty(open(store), `new-${change}`)
      const kind = await kindOfDrop(drop.finish())
      const left = await open(store).findMetadataLocation(ORDERS)
      // Before it has looked, it is a drop of the new table.
      if (left === undefined) assert.deepEqual([kind, hasLooked], ['dropped', false], `${call}: ${kind}`)
      else assert.equal((await open(store).loadTable(ORDERS)).metadata.tableUuid, metadata.tableUuid)
    }
})

test('a creation that stops at any call does not replace another table', async () => {
  for (let call = 1; call <= CALLS_MAX; call += 1) {
    const store = memoryFileIO()
    await open(store).createNamespace(['sales'])
    const late = await pauseAt(store, call, (catalog) => catalog.createTable(ORDERS, SALES_ORDERS_TABLE))
    if (!late.hasPaused) break
    const other = open(store)
    // Where the late one is there already, it is the one that is dropped.
    if ((await other.findMetadataLocation(ORDERS)) === undefined) await other.createTable(ORDERS, SALES_ORDERS_TABLE)
    const check = await replaceTable(store, 2)
    const error: unknown = await late.finish().catch((each: unknown) => each)
    if (error instanceof Error) assert.match(error.message, /already exists|may or may not have been created/)
    await check()
  }
})

for (const processes of ['one process', 'two processes'])
  test(`forty commits that race with a drop and a creation lose nothing: ${processes}`, async () => {
    const kinds = new Set<string>()
    for (let round = 0; round < 40; round += 1) {
      const store = await tableOf(3)
      const random = seededRandom(round)
      const io = waiting(store, async () => {
        for (let turns = (random.bytes(1)[0] ?? 0) % 4; turns > 0; turns -= 1)
          await new Promise((resolve) => setImmediate(resolve))
      })
      const here = open(io)
      const late = kindOfCommit(setProperty(processes === 'one process' ? here : open(io), 'late'))
      const dropped = await kindOfDrop(here.dropTable(ORDERS))
      const created = await here.createTable(ORDERS, SALES_ORDERS_TABLE).catch((error: unknown) => {
        assert.ok(isKind(error, 'already-exists'), String(error))
      })
      const changed = created && (await setProperty(here, 'new')).kind
      kinds.add(`${dropped} ${created && 'created'} ${changed} ${await late}`)
      const { metadata } = await open(store).loadTable(ORDERS)
      if (created) assert.equal(metadata.tableUuid, created.metadata.tableUuid)
      if (changed === 'committed') assert.equal(metadata.properties['new'], 'x')
    }
    if (processes === 'one process') assert.deepEqual([...kinds], ['dropped created committed committed'])
    else assert.ok(kinds.size > 1, [...kinds].join())
  })
