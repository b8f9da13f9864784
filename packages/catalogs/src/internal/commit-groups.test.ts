import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { CommitOutcome, TableCommit } from '../catalog.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { commitGroups } from './commit-groups.ts'
import type { CommitSettlement } from './commit-settlement.ts'

const ORDERS: TableIdentifier = { namespace: ['sales'], name: 'orders' }

function commitOf(key: string): TableCommit {
  return { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] }
}

function keysOf(commits: readonly TableCommit[]): string {
  return commits.map(({ updates }) => JSON.stringify(updates).match(/"(\w)":"x"/)?.[1] ?? '').join('')
}

/** Groups whose making waits for `release`. */
function grouped(settle: (commits: readonly TableCommit[]) => readonly CommitSettlement[]) {
  const made: string[] = []
  const gates: PromiseWithResolvers<void>[] = []
  const commit = commitGroups(
    oneAtATime(),
    ({ name }) => name,
    async (_, commits) => {
      made.push(keysOf(commits))
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return settle(commits)
    },
  )
  const begun = async (turn: number) => {
    while (gates[turn] === undefined) await new Promise(setImmediate)
    return gates[turn]
  }
  return { made, begun, commit: (key: string, signal?: AbortSignal) => commit(ORDERS, commitOf(key), signal) }
}

const conflicts = (commits: readonly TableCommit[]): readonly CommitSettlement[] =>
  commits.map((commit) => ({ kind: 'settled', outcome: { kind: 'conflict', reason: keysOf([commit]) } }))

const reasonOf = (outcome: CommitOutcome) => (outcome.kind === 'conflict' ? outcome.reason : outcome.kind)

test('commits that wait are made together, in order, and each gets its own outcome', async () => {
  const { made, begun, commit } = grouped(conflicts)
  const first = commit('a')
  const gate = await begun(0)
  const others = ['b', 'c', 'd'].map((key) => commit(key))
  gate.resolve()
  ;(await begun(1)).resolve()
  assert.equal(reasonOf(await first), 'a')
  assert.deepEqual((await Promise.all(others)).map(reasonOf), ['b', 'c', 'd'])
  assert.deepEqual(made, ['a', 'bcd'])
})

test('whoever gives up while waiting is not made; whoever gives up later hears what became of it', async () => {
  const { made, begun, commit } = grouped(conflicts)
  const late = new AbortController()
  const first = commit('a', late.signal)
  const gate = await begun(0)
  const early = new AbortController()
  const second = commit('b', early.signal)
  const third = commit('c')
  early.abort()
  await assert.rejects(second, (error) => isKind(error, 'aborted'))
  late.abort()
  gate.resolve()
  assert.equal(reasonOf(await first), 'a')
  ;(await begun(1)).resolve()
  assert.equal(reasonOf(await third), 'c')
  assert.deepEqual(made, ['a', 'c'])
})

test('a failure of the whole group is everybody’s, and the next group is not disturbed', async () => {
  let isBroken = true
  const { begun, commit } = grouped((commits) => {
    if (isBroken) throw new Error('disk full')
    return conflicts(commits)
  })
  const failing = commit('a')
  ;(await begun(0)).resolve()
  await assert.rejects(failing, /disk full/)
  isBroken = false
  const next = commit('b')
  ;(await begun(1)).resolve()
  assert.equal(reasonOf(await next), 'b')
})
