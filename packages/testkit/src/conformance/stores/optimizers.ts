import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patchTable, type StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import {
  at,
  buildOptimizer,
  buildResource,
  OPTIMIZER_1,
  OPTIMIZER_2,
  RESOURCE_1,
  RESOURCE_2,
  T0,
} from '@moraine/management/testing/build'
import { applyAll } from './store-steps.ts'

export function optimizerConformance(stores: () => Stores): void {
  test('an optimizer is found by its id and by the hash of its token, touches, and is gone once', async () => {
    const optimizer = buildOptimizer()
    await applyAll(stores(), [{ kind: 'add-optimizer', optimizer, tokenHash: 'hash-1' }])
    assert.deepEqual(await stores().optimizers.findOptimizer(OPTIMIZER_1), optimizer)
    assert.deepEqual(await stores().optimizers.findOptimizerByToken('hash-1'), optimizer)
    assert.equal(await stores().optimizers.findOptimizerByToken('hash-2'), undefined)
    assert.equal(await stores().optimizers.touchOptimizer(OPTIMIZER_1, at(5)), true)
    const stale: StateChange = {
      kind: 'move-optimizer',
      optimizerId: OPTIMIZER_1,
      from: { status: 'active', touchedAt: T0 },
      state: { status: 'gone', touchedAt: T0, goneAt: at(6), reason: 'silent' },
    }
    assert.equal((await stores().state.apply([stale])).kind, 'lost')
    await applyAll(stores(), [{ ...stale, from: { status: 'active', touchedAt: at(5) } }])
    assert.equal(await stores().optimizers.touchOptimizer(OPTIMIZER_1, at(7)), false)
    assert.deepEqual(await stores().optimizers.listLiveOptimizers(), [])
    assert.deepEqual(await stores().optimizers.listGone(at(7), 9), [OPTIMIZER_1])
    assert.equal(await stores().optimizers.lastGoneAt(RESOURCE_1), at(6))
    assert.equal(await stores().optimizers.lastGoneAt(RESOURCE_2), undefined)
    await applyAll(stores(), [{ kind: 'remove-optimizer', optimizerId: OPTIMIZER_1 }])
    assert.equal(await stores().optimizers.findOptimizer(OPTIMIZER_1), undefined)
  })

  test('live optimizers are listed by group', async () => {
    const other = buildOptimizer({ optimizerId: OPTIMIZER_2, group: 'big', registeredAt: at(1) })
    await applyAll(stores(), [
      { kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'hash-1' },
      { kind: 'add-optimizer', optimizer: other, tokenHash: 'hash-2' },
    ])
    assert.deepEqual(await stores().optimizers.listLiveOptimizers('big'), [other])
    assert.equal((await stores().optimizers.listLiveOptimizers()).length, 2)
  })

  test('groups are added once, saved, replaced, listed and removed', async () => {
    const group = { name: 'default', container: 'local', properties: { memory: '1024' } }
    assert.equal(await stores().groups.addGroup(group), true)
    assert.equal(await stores().groups.addGroup({ ...group, container: 'other' }), false)
    assert.deepEqual(await stores().groups.findGroup('default'), group)
    await stores().groups.saveGroup({ ...group, properties: {} })
    await stores().groups.saveGroup({ ...group, name: 'big' })
    assert.deepEqual(await stores().groups.findGroup('default'), { ...group, properties: {} })
    assert.deepEqual(
      (await stores().groups.listGroups()).map(({ name }) => name),
      ['big', 'default'],
    )
    assert.equal(await stores().groups.removeGroup('big'), undefined)
    assert.equal(await stores().groups.findGroup('big'), undefined)
  })

  test('who comes into a group holds it, and one that is gone takes nobody in', async () => {
    const { groups, state, optimizers } = stores()
    await groups.saveGroup({ name: 'big', container: 'local', properties: {} })
    const hold: StateChange = { kind: 'hold-group', group: 'big' }
    const optimizer = buildOptimizer({ group: 'big' })
    const comes: readonly StateChange[] = [hold, { kind: 'add-optimizer', optimizer, tokenHash: 'hash-1' }]
    // Whichever is first: never an optimizer without its group.
    const [came, use] = await Promise.all([state.apply(comes), groups.removeGroup('big')])
    const isThere = (await optimizers.findOptimizer(OPTIMIZER_1)) !== undefined
    assert.equal(came.kind, isThere ? 'applied' : 'lost')
    assert.deepEqual(use, isThere ? { kind: 'optimizer', name: OPTIMIZER_1 } : undefined)
    assert.equal((await groups.findGroup('big')) !== undefined, isThere)
    assert.deepEqual(await state.apply([{ ...hold, group: 'never' }]), {
      kind: 'lost',
      change: { ...hold, group: 'never' },
    })
  })

  test('a group is removed when nothing uses it, and says what does', async () => {
    const { groups, tables, catalogs } = stores()
    await groups.saveGroup({ name: 'big', container: 'local', properties: {} })
    const uses = async (use: Awaited<ReturnType<typeof groups.findUse>>) => {
      assert.deepEqual([await groups.findUse('big'), await groups.removeGroup('big')], [use, use])
      assert.equal((await groups.findGroup('big')) === undefined, use === undefined)
    }
    await catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: { 'table.self-optimizing.group': 'big' } })
    await uses({ kind: 'catalog', name: 'lake' })
    await applyAll(stores(), [{ kind: 'add-resource', resource: buildResource({ group: 'big' }) }])
    await uses({ kind: 'resource', name: RESOURCE_1 })
    await applyAll(stores(), [
      { kind: 'add-optimizer', optimizer: buildOptimizer({ group: 'big' }), tokenHash: 'hash-1' },
    ])
    await uses({ kind: 'optimizer', name: OPTIMIZER_1 })
    const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
    const table = await tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    await applyAll(stores(), [patchTable(table, { settings: { ...table.settings, group: 'big' } })])
    await uses({ kind: 'table', name: 'orders' })

    await applyAll(stores(), [
      { kind: 'remove-table', tableId: table.tableId, from: { version: table.version + 1, phase: 'idle' } },
      { kind: 'remove-optimizer', optimizerId: OPTIMIZER_1 },
      { kind: 'remove-resource', resourceId: RESOURCE_1 },
    ])
    await catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
    await uses(undefined)
  })
}
