import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { buildProcess, buildTable, T0 } from '@moraine/management/testing/build'
import { eventually } from '@moraine/testkit/eventually'
import { emptyState, type MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import type { HoldFinder } from '../waiting/hold-finder.ts'
import { committer } from './committer.ts'

/** Processes that are all due. */
function committing(processes: number, catalogOf = (_: number) => 'lake'): MemoryState {
  const state = emptyState()
  for (let index = 1; index <= processes; index += 1) {
    const tableId = index as TableId
    const processId = `p${String(index).padStart(4, '0')}` as ProcessId
    const name = { catalog: catalogOf(index), namespace: ['sales'], name: `t${index}` }
    state.tables.set(tableId, buildTable({ tableId, name, state: { ...AT_COMMIT, processId } }))
    const process = buildProcess({ processId, tableId, taskCount: 0, state: COMMITTING })
    state.processes.set(processId, { process, plan: 'plan', tasks: [], attempts: new Map() })
  }
  return state
}

/** Processes that are all due, and a committer of one thread. The tables of the first `heldAtFirst` are held. */
function open(processes: number, heldAtFirst: number, catalogOf?: (index: number) => string) {
  let heldMany = heldAtFirst
  const state = committing(processes, catalogOf)
  const asked: number[] = []
  const findHolds: HoldFinder = async (_group, work) => {
    asked.push(work.length)
    const held = work.filter(({ tableId }) => tableId <= heldMany)
    return new Map(held.map(({ tableId }) => [tableId, { kind: 'paused', text: 'paused', until: undefined } as const]))
  }
  const stores = memoryStores(state)
  const { listOpenProcesses } = stores.processes
  const began: string[] = []
  let looks = 0
  const gate = Promise.withResolvers<void>()
  const self = committer({
    stores: {
      ...stores,
      processes: {
        ...stores.processes,
        listOpenProcesses(...query) {
          looks += 1
          return listOpenProcesses(...query)
        },
      },
    },
    maintenance: {
      async commit({ table, isHeld }) {
        began.push(table.name)
        await gate.promise
        return (await isHeld()) ? { kind: 'held' } : { kind: 'unknown', reason: 'nobody answered' }
      },
    },
    parallelism: 1,
    findHolds,
    clock: virtualClock(T0),
    log: SILENT_LOG,
  })
  const commitTries = async () => {
    const [process] = await stores.processes.listOpenProcesses({ status: 'committing', limit: 1 })
    return process?.state.status === 'committing' && process.state.commitAttempts
  }
  const hold = (many: number) => {
    heldMany = many
  }
  return { self, asked, began, hold, commitTries, looks: () => looks, end: () => gate.resolve() }
}

const AT_COMMIT = { phase: 'committing', since: T0, type: 'minor' } as const
const COMMITTING = { status: 'committing', since: T0, retryAt: T0, commitAttempts: 0 } as const

test('holds are asked for as far as a thread is free', async () => {
  const { self, asked, began, looks, end } = open(300, 100)
  await self.start(new AbortController().signal)
  await eventually('the first that is not held', () => (began.length > 0 ? true : undefined))
  assert.deepEqual([began, asked], [['t101'], [64, 64]])
  self.nudge()
  await eventually('another look', () => (looks() === 2 ? true : undefined))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([began, asked], [['t101'], [64, 64]])
  end()
  await self.stop()
})

test('a commit that hangs holds up its own catalog alone', async () => {
  const { self, began, asked, looks, end } = open(200, 0, (index) => (index === 150 ? 'well' : 'hung'))
  await self.start(new AbortController().signal)
  await eventually('the first of each', () => (began.length === 2 ? true : undefined))
  self.nudge()
  await eventually('another look', () => (looks() === 2 ? true : undefined))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    [began, asked],
    [
      ['t1', 't150'],
      [64, 1],
    ],
  )
  end()
  await self.stop()
})

test('a server that may not record a commit does not make it again at once', async () => {
  const stores = memoryStores(committing(1))
  const clock = virtualClock(T0)
  let commits = 0
  const self = committer({
    stores: { ...stores, state: { apply: async () => ({ kind: 'deposed' }) } },
    maintenance: {
      async commit() {
        commits += 1
        // One that goes round and round must not keep the test from ending.
        if (commits > 3) await new Promise(() => {})
        return { kind: 'unknown', reason: 'the catalog does not say' }
      },
    },
    ...{ parallelism: 1, findHolds: async () => new Map(), clock, log: SILENT_LOG },
  })
  await self.start(new AbortController().signal)
  const quiet = async () => {
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    return commits
  }
  assert.equal(await quiet(), 1)
  while (commits === 1 && clock.step()) await quiet()
  assert.deepEqual([commits, clock.now() - T0], [2, 1000])
  const stopped = self.stop()
  while (clock.step()) await quiet()
  await stopped
})

test('a table that is held while its commit is prepared is left alone, which does not count as a try', async () => {
  const { self, began, hold, commitTries, looks, end } = open(1, 0)
  await self.start(new AbortController().signal)
  await eventually('the commit', () => (began.length > 0 ? true : undefined))
  hold(1)
  end()
  await eventually('another look', () => (looks() === 2 ? true : undefined))
  assert.deepEqual([began, await commitTries()], [['t1'], 0])
  hold(0)
  self.nudge()
  await eventually('the try that counts', async () => ((await commitTries()) === 1 ? true : undefined))
  assert.deepEqual(began, ['t1', 't1'])
  await self.stop()
})
