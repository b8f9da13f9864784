import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import { DEFAULT_TABLE_SETTINGS } from '@moraine/management/records/table-settings'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { buildEvaluation, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { refresher } from './refresher.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

type Seen = { location: string | undefined | Error; evaluation: Partial<TableEvaluation> }

/** Tables that look as the test says, and a record of what the refresher did. */
async function setUp(names: readonly string[]) {
  const clock = virtualClock(T0)
  const raw = memoryStores()
  const applied: StateChange[] = []
  const asked: string[] = []
  const stores: typeof raw = {
    ...raw,
    tables: noting(raw.tables, asked),
    state: {
      apply: (changes) => {
        applied.push(...changes)
        return raw.state.apply(changes)
      },
    },
  }
  const seen = new Map<string, Seen>(names.map((name) => [name, { location: 'v1', evaluation: { needed: undefined } }]))
  /** Evaluations wait for it. */
  const gate = { open: Promise.resolve() }
  const looks: string[] = []
  const warned: string[] = []
  const gone: string[] = []
  const evaluations: string[] = []
  const find = (name: string) => {
    const found = seen.get(name)
    assert.ok(found)
    return found
  }
  const service = refresher({
    stores,
    maintenance: {
      async findMetadataLocation({ name }) {
        looks.push(`${name} at ${clock.now() - T0}`)
        const { location } = find(name)
        if (location instanceof Error) throw location
        return location
      },
      async evaluate({ table }) {
        evaluations.push(table.name)
        await gate.open
        const { location, evaluation } = find(table.name)
        return buildEvaluation({ metadataLocation: String(location), ...evaluation })
      },
    },
    onTableGone: (catalog) => gone.push(catalog),
    limits: { shortestMs: 60_000, longestMs: 300_000, stepMs: 60_000 },
    parallelism: 2,
    clock,
    log: { ...SILENT_LOG, warn: (_, message) => warned.push(message) },
  })
  const ids: TableId[] = []
  for (const name of names) {
    const added = await raw.tables.addTable({
      name: { catalog: 'lake', namespace: ['a'], name },
      format: 'ICEBERG',
      createdAt: T0,
    })
    ids.push(added.tableId)
  }
  const until = async (ms: number) => {
    await quiet()
    while (clock.step((T0 + ms) as typeof T0)) await quiet()
  }
  const table = async (index: number) => {
    const found = await raw.tables.findTable(ids[index] as TableId)
    assert.ok(found)
    return found
  }
  await service.start(new AbortController().signal)
  return {
    clock,
    stores: raw,
    warned,
    asked,
    gate,
    service,
    seen,
    looks,
    gone,
    evaluations,
    applied,
    ids,
    until,
    table,
  }
}

/** The same tables; what is asked of them is noted, and fails while the record says so. */
function noting(tables: Stores['tables'], asked: string[]): Stores['tables'] {
  const note = (what: string) => {
    if (asked.at(-1) === FAILING) throw new MoraineError('unavailable', 'the database is away')
    asked.push(what)
  }
  return {
    ...tables,
    async findTable(tableId) {
      note('findTable')
      return tables.findTable(tableId)
    },
    async listPointed(tableIds) {
      note(`listPointed ${tableIds.length}`)
      return tables.listPointed(tableIds)
    },
    async listTableNames(query) {
      const found = await tables.listTableNames(query)
      note(`listTableNames ${found.length}`)
      return found
    },
  }
}

const FAILING = 'failing'

test('tables in catalogs of the service are looked at together, and only what changed is asked for by itself', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `t${at}`)
  const { stores, service, seen, looks, evaluations, asked, applied, ids, until } = await setUp(names)
  await until(2000)
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  await stores.pointers.addNamespace('lake', ['a'], {})
  const pointer = (name: string) =>
    ({ kind: 'table', catalog: 'lake', namespace: ['a'], name, metadataLocation: 'v1' }) as const
  for (const name of names) await stores.pointers.addPointer(pointer(name))
  for (const record of [looks, evaluations, asked, applied]) record.length = 0

  await until(200_000)
  assert.deepEqual([looks, evaluations, applied], [[], [], []])
  assert.deepEqual(
    asked.filter((what) => what === 'findTable' || what.startsWith('listTableNames 3')),
    [],
  )
  assert.ok(asked.length < 20, asked.join(', '))

  asked.length = 0
  await stores.pointers.swapPointer(pointer('t7'), 'v2')
  seen.set('t7', { location: 'v2', evaluation: { needed: 'minor' } })
  for (const id of ids.slice(0, 100)) service.nudge(id)
  await until(205_000)
  assert.deepEqual([asked, looks, evaluations, applied.length], [['listPointed 100'], [], ['t7'], 1])
  await service.stop()
})

test('many tables of own catalogs are looked at side by side, of others as many as the setting says', async () => {
  const names = Array.from({ length: 100 }, (_, at) => `t${at}`)
  const { stores, gate, service, seen, evaluations, ids, until } = await setUp(names)
  await until(2000)
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  await stores.pointers.addNamespace('lake', ['a'], {})
  for (const name of names.slice(0, 90)) {
    await stores.pointers.addPointer({ kind: 'table', catalog: 'lake', namespace: ['a'], name, metadataLocation: 'v2' })
  }
  for (const name of names) seen.set(name, { location: 'v2', evaluation: { needed: 'minor' } })
  const opening = Promise.withResolvers<void>()
  gate.open = opening.promise
  evaluations.length = 0
  for (const id of ids.toReversed()) service.nudge(id)
  await until(5000)
  const isOwn = (name: string) => Number(name.slice(1)) < 90
  assert.deepEqual([evaluations.filter(isOwn).length, evaluations.filter((name) => !isOwn(name)).length], [64, 2])
  opening.resolve()
  await until(6000)
  assert.equal(new Set(evaluations).size, 100)
  await service.stop()
})

test('what is on the schedule is not listed again, and what is new comes on it', async () => {
  const { stores, service, seen, asked, until } = await setUp(['a', 'b'])
  await until(30_000)
  asked.length = 0
  seen.set('c', { location: 'v1', evaluation: {} })
  const name = { catalog: 'lake', namespace: ['a'], name: 'c' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  await until(130_000)
  assert.deepEqual(
    asked.filter((what) => what.startsWith('listTableNames')),
    ['listTableNames 1', 'listTableNames 0'],
  )
  assert.ok((await stores.tables.findTable(tableId))?.evaluation)
  await service.stop()
})

test('a look that the database prevents is made later', async () => {
  const { service, seen, asked, until, table } = await setUp(['a'])
  await until(1000)
  seen.set('a', { location: 'v2', evaluation: { needed: 'minor' } })
  asked.push(FAILING)
  await until(70_000)
  assert.equal((await table(0)).state.phase, 'idle')
  asked.length = 0
  await until(75_000)
  assert.equal((await table(0)).state.phase, 'pending')
  await service.stop()
})

test('a table at rest is looked at ever less often, and nothing is written', async () => {
  const { service, looks, evaluations, applied, until } = await setUp(['a'])
  await until(30_000)
  const written = applied.length
  await until(1_200_000)
  assert.equal(evaluations.length, 1)
  assert.equal(applied.length, written)
  assert.deepEqual(looks.slice(0, 6), [
    'a at 0',
    'a at 60000',
    'a at 180000',
    'a at 360000',
    'a at 600000',
    'a at 900000',
  ])
  await service.stop()
})

test('a clock that is set back by hours puts off no look', async () => {
  const { clock, service, looks, until } = await setUp(['a'])
  await until(300_000)
  const before = looks.length
  clock.set(-12 * 3_600_000)
  await until(1_200_000)
  assert.equal(looks.length - before, 4)
  await service.stop()
})

test('a commit that is told of is seen at once, and makes the table pending', async () => {
  const { clock, service, seen, ids, until, table } = await setUp(['a'])
  await until(1000)
  await clock.run(clock.sleep(1000))
  seen.set('a', { location: 'v2', evaluation: { needed: 'minor' } })
  const before = clock.now()
  service.nudge(ids[0])
  await quiet()
  assert.equal(clock.now(), before)
  assert.equal((await table(0)).state.phase, 'pending')
  await service.stop()
})

test('commits that follow each other closely are seen together, and the last is not missed', async () => {
  const { clock, service, seen, ids, evaluations, until, table } = await setUp(['a'])
  await until(1000)
  for (let at = 0; at < 100; at += 1) {
    seen.set('a', { location: `w${at}`, evaluation: { needed: at === 99 ? 'minor' : undefined } })
    service.nudge(ids[0])
    await clock.run(clock.sleep(10))
    await quiet()
  }
  await until(2000)
  assert.ok(evaluations.length <= 7, `${evaluations.length} evaluations within a second`)
  assert.equal((await table(0)).state.phase, 'pending')
  await service.stop()
})

test('a table that cannot be read says so, is tried ever later, and disturbs no other', async () => {
  const { service, seen, evaluations, applied, warned, looks, until, table } = await setUp(['a', 'b'])
  await until(1000)
  seen.set('a', { location: new MoraineError('unavailable', 'no such bucket'), evaluation: {} })
  seen.set('b', { location: 'v2', evaluation: { needed: 'minor' } })
  await until(130_000)
  assert.match((await table(0)).refreshFailure?.reason ?? '', /no such bucket/)
  assert.equal((await table(1)).state.phase, 'pending')
  const written = applied.length
  const failures = looks.filter((look) => look.startsWith('a')).length
  await until(800_000)
  assert.equal(applied.length, written, 'a failure that goes on is not written again')
  assert.deepEqual(warned, ['a table could not be refreshed'], 'nor is it told again')
  assert.ok(looks.filter((look) => look.startsWith('a')).length < failures + 5)
  seen.set('a', { location: 'v1', evaluation: { needed: undefined } })
  await until(1_400_000)
  assert.equal((await table(0)).refreshFailure, undefined)
  assert.ok(evaluations.filter((name) => name === 'a').length >= 2)
  await service.stop()
})

test('time alone makes an evaluation due when a trigger waits for it', async () => {
  const { service, seen, evaluations, until } = await setUp(['a'])
  seen.set('a', { location: 'v1', evaluation: { needed: undefined, reevaluateAt: (T0 + 90_000) as typeof T0 } })
  await until(89_000)
  assert.equal(evaluations.length, 1)
  seen.set('a', { location: 'v1', evaluation: { needed: undefined } })
  await until(91_000)
  assert.equal(evaluations.length, 2)
  await service.stop()
})

test('what has become of a table that its catalog does not have is asked once, and said until it is known', async () => {
  const { service, seen, gone, until, table } = await setUp(['a'])
  await until(1000)
  seen.set('a', { location: undefined, evaluation: {} })
  await until(3_600_000)
  assert.deepEqual(gone, ['lake'])
  assert.match((await table(0)).refreshFailure?.reason ?? '', /dropped or has another name/)
  seen.set('a', { location: 'v2', evaluation: {} })
  await until(7_200_000)
  assert.equal((await table(0)).refreshFailure, undefined)
  assert.deepEqual(gone, ['lake'])
  await service.stop()
})

test('a process ends when its table is switched off', async () => {
  const { service, seen, stores, until, table } = await setUp(['a'])
  seen.set('a', { location: 'v2', evaluation: { needed: 'minor' } })
  await until(60_000)
  await stores.state.apply(beginPlanning(await table(0), T0))
  await stores.state.apply(acceptPlan(await table(0), buildWork(1), PROCESS_1, T0))
  const settings = { ...DEFAULT_TABLE_SETTINGS, enabled: false }
  seen.set('a', { location: 'v3', evaluation: { needed: undefined, settings } })
  await until(700_000)
  const process = await stores.processes.findProcess(PROCESS_1)
  assert.ok(process?.state.status === 'canceled')
  assert.match(process.state.reason, /switched off/)
  assert.equal((await table(0)).state.phase, 'idle')
  await service.stop()
})
