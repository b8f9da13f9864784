import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { Optimizer } from '@moraine/management/records/optimizer'
import { at, buildTable, T0 } from '@moraine/management/testing/build'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { idleWatch } from './idle-watch.ts'

const PENDING = { state: { phase: 'pending', since: T0 } } as const
const minutes = (count: number) => at(count * 60_000)
const LATE = minutes(10)

/** One group with an optimizer of two threads, and a table. */
function world(table: Partial<ManagedTable>, active = true) {
  const state = emptyState()
  const added = buildTable(table)
  state.tables.set(added.tableId, added)
  state.groups.set('default', { name: 'default', container: 'local', properties: {} })
  const optimizerId = 'o1' as OptimizerId
  const optimizer: Optimizer = {
    ...{ optimizerId, group: 'default', container: '', resourceId: '', threads: 2, memoryMb: 1, registeredAt: T0 },
    ...{ properties: {}, state: { status: active ? 'active' : 'draining', touchedAt: T0 } },
  }
  state.optimizers.set(optimizerId, { optimizer, tokenHash: '' })
  return { state, name: added.name.name }
}

test('idle threads beside a table that could be planned are told of, once it has been so for long', () => {
  const { state, name } = world(PENDING)
  const watch = idleWatch({ state, hopeless: new Set(), skewed: false })
  assert.deepEqual([watch(T0), watch(minutes(5))], [undefined, undefined])
  assert.match(watch(LATE) ?? '', new RegExp(`^2 threads of group default .* table ${name} could be planned`))
})

test('it begins anew whenever one of them is not there', () => {
  const { state } = world(PENDING)
  const watch = idleWatch({ state, hopeless: new Set(), skewed: false })
  watch(T0)
  const [entry] = state.tables
  state.tables.clear()
  assert.equal(watch(minutes(1)), undefined)
  if (entry !== undefined) state.tables.set(...entry)
  assert.deepEqual([watch(minutes(2)), watch(minutes(6))], [undefined, undefined])
})

test('a table that is held, or hopeless, and threads that take no tasks, are nothing to tell of', () => {
  for (const { state, name } of [
    world({ ...PENDING, pause: { since: T0 } }),
    world(PENDING, false),
    world({ state: { phase: 'idle', since: T0 } }),
  ]) {
    const watch = idleWatch({ state, hopeless: new Set(), skewed: false })
    assert.deepEqual([name, watch(T0), watch(LATE)], [name, undefined, undefined])
  }
  const { state, name } = world(PENDING)
  const watch = idleWatch({ state, hopeless: new Set([name]), skewed: false })
  assert.deepEqual([watch(T0), watch(LATE)], [undefined, undefined])
})
