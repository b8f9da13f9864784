import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { CommitOutcome, TableCommit } from '../catalog.ts'
import type { Fence } from '../fence.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { claimLost, isClaimLost } from '../request-claim.ts'
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
  return {
    made,
    begun,
    commit: (key: string, signal?: AbortSignal, fence?: Fence) =>
      commit(ORDERS, { ...commitOf(key), ...(fence && { fence }) }, signal),
  }
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

test('a commit with a fence is made alone, in its turn, and holds nobody together', async () => {
  const { made, begun, commit } = grouped(conflicts)
  const first = commit('a')
  const gate = await begun(0)
  const fence = { lease: 'leader', holder: 'h', epoch: 1 }
  const others = [commit('b'), commit('c', undefined, fence), commit('d')]
  gate.resolve()
  for (const turn of [1, 2]) (await begun(turn)).resolve()
  assert.deepEqual((await Promise.all([first, ...others])).map(reasonOf), ['a', 'b', 'c', 'd'])
  assert.deepEqual(made, ['a', 'bd', 'c'])
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

test('one that has lost its claim does not take the others of its group with it', async () => {
  const { made, begun, commit } = grouped((commits) => {
    if (keysOf(commits).includes('c')) throw claimLost()
    return conflicts(commits)
  })
  const first = commit('a')
  const gate = await begun(0)
  const others = ['b', 'c', 'd'].map((key) => commit(key))
  gate.resolve()
  const lost = assert.rejects(others[1] ?? Promise.resolve(), isClaimLost)
  for (const turn of [1, 2, 3, 4]) (await begun(turn)).resolve()
  assert.deepEqual([reasonOf(await first), reasonOf((await others[0]) as CommitOutcome)], ['a', 'b'])
  await lost
  assert.equal(reasonOf((await others[2]) as CommitOutcome), 'd')
  assert.deepEqual(made, ['a', 'bcd', 'b', 'c', 'd'])
})
