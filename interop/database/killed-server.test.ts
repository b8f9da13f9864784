import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { after, type TestContext, test } from 'node:test'
import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import { patchTable } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { describeError, isRetryable } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { byDepth } from '../lab/depth.ts'
import { ENGINES, type LabDatabase, startLabDatabase } from './lab-database.ts'

// Two services write to one database, which is killed and started again. What was acknowledged is there, once; what was
// refused is not; what failed is there once or not at all; and both services go on by themselves.

const SERVICES = 2
const WRITERS = 3
const KILLS = byDepth({ usual: 2, all: 3 })
const WRITES_BETWEEN = 60

const labs = ENGINES.map((engine) => [engine, startLabDatabase(engine, `killed-${process.pid}`)] as const)
after(() => {
  for (const [, lab] of labs) if (lab.kind === 'started') lab.engine.server.stop()
})

for (const [engine, started] of labs) {
  test(`${engine} is killed while two services write`, { timeout: 100_000 }, async (context) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    await whileKilled(context, started.engine)
  })
}

/** What became of the tries of one writer. */
type Ledger = { acknowledged: number; refused: number; readonly failures: unknown[] }

async function whileKilled(context: TestContext, lab: LabDatabase): Promise<void> {
  const settings = { ...(await lab.create()), statementMs: 5000 }
  const services = await Promise.all(Array.from({ length: SERVICES }, () => lab.open(settings)))
  let isOver = false
  let isGivenUp = false
  // Writers of a test that fails would go on, and keep all their failures, until they fill the process.
  const giveUp = () => {
    isOver = true
    isGivenUp = true
  }
  context.signal.addEventListener('abort', giveUp)
  context.after(async () => {
    giveUp()
    await Promise.all(services.map(({ close }) => close()))
  })
  const [first] = services
  assert.ok(first)
  await first.stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  await first.stores.pointers.addNamespace('lake', ['n'], {})
  const events = new EventEmitter()
  events.setMaxListeners(0)
  const progress = { writes: 0, failures: 0 }
  const note = (what: keyof typeof progress) => {
    progress[what] += 1
    events.emit('note')
  }
  const writers = services.flatMap(({ stores }, service) =>
    Array.from({ length: WRITERS }, (_, writer) =>
      moveForever(stores, `t${service}-${writer}`, { isOver: () => isOver, isGivenUp: () => isGivenUp }, note),
    ),
  )
  const shared = must(await addShared(first.stores), 'the table')
  const sharers = services.map(({ stores }) => countForever(stores, shared, () => isOver, note))

  const random = seededRandom(7)
  const reach = async (what: keyof typeof progress, more: number) => {
    const goal = progress[what] + more
    while (progress[what] < goal) await once(events, 'note', { signal: context.signal })
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    await reach('writes', WRITES_BETWEEN + ((random.bytes(1)[0] ?? 0) % 32))
    lab.server.kill()
    await reach('failures', 1)
    lab.server.startAgain()
  }
  await reach('writes', WRITES_BETWEEN)
  isOver = true
  const chains = await Promise.all(writers)
  const counts = await Promise.all(sharers)

  const fresh = await lab.open(settings)
  context.after(() => fresh.close())
  for (const { name, at } of chains) {
    const pointer = await fresh.stores.pointers.findPointer('lake', ['n'], name)
    assert.equal(pointer?.metadataLocation, at)
  }
  const version = must(await fresh.stores.tables.findTable(shared), 'the table').version - 1
  const acknowledged = counts.reduce((sum, count) => sum + count.acknowledged, 0)
  const open = counts.reduce((sum, count) => sum + count.failures.length, 0)
  assert.ok(version >= acknowledged && version <= acknowledged + open, `${version} of ${acknowledged} and ${open}`)
  for (const failure of [...chains, ...counts].flatMap(({ failures }) => failures)) {
    assert.ok(isRetryable(failure), describeError(failure))
  }
  const moves = chains.reduce((sum, chain) => sum + chain.acknowledged, 0)
  context.diagnostic(
    `${moves} moves, ${acknowledged} raises, ${progress.failures} failures, ${version - acknowledged} unknown that were made`,
  )
}

type Note = (what: 'writes' | 'failures') => void

/** Moves a pointer of its own from step to step. A step whose outcome is not known is settled by looking. */
async function moveForever(
  stores: Stores,
  name: string,
  { isOver, isGivenUp }: Readonly<Record<'isOver' | 'isGivenUp', () => boolean>>,
  note: Note,
) {
  const failures: unknown[] = []
  let step = 0
  let acknowledged = 0
  const location = (number: number) => `s3://b/${name}/metadata/${number}.json`
  const pointer = (): InternalPointer => ({
    kind: 'table',
    catalog: 'lake',
    namespace: ['n'],
    name,
    metadataLocation: location(step),
  })
  const settled = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work()
      note('writes')
      return result
    } catch (error) {
      failures.push(error)
      note('failures')
      return undefined
    }
  }
  while (!isGivenUp() && (await settled(() => stores.pointers.addPointer(pointer()))) === undefined);
  while (!isOver()) {
    const isMoved = await settled(() => stores.pointers.swapPointer(pointer(), location(step + 1)))
    if (isMoved === true) {
      step += 1
      acknowledged += 1
      continue
    }
    assert.notEqual(isMoved, false, `${name} was moved by nobody else`)
    let found: InternalPointer | undefined
    while (found === undefined && !isGivenUp()) {
      found = await settled(() => stores.pointers.findPointer('lake', ['n'], name))
    }
    if (found === undefined) break
    if (found.metadataLocation === location(step + 1)) step += 1
    else assert.equal(found.metadataLocation, location(step), `${name} is at a step that nobody made, or has lost one`)
  }
  return { name, at: location(step), acknowledged, failures }
}

async function addShared(stores: Stores) {
  const name = { catalog: 'lake', namespace: ['n'], name: 'shared' }
  return (await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: 0 as EpochMs })).tableId
}

/** Raises the version of one table, against all others who do. */
async function countForever(
  stores: Stores,
  tableId: Awaited<ReturnType<typeof addShared>>,
  isOver: () => boolean,
  note: Note,
): Promise<Ledger> {
  const ledger: Ledger = { acknowledged: 0, refused: 0, failures: [] }
  while (!isOver()) {
    try {
      const table = must(await stores.tables.findTable(tableId), 'the table')
      const { kind } = await stores.state.apply([patchTable(table, { plannedAt: table.version as EpochMs })])
      if (kind === 'applied') ledger.acknowledged += 1
      else ledger.refused += 1
      note('writes')
    } catch (error) {
      ledger.failures.push(error)
      note('failures')
    }
  }
  return ledger
}
