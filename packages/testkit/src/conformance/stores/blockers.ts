import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'
import type { Blocker } from '@moraine/management/tables/blocker'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { at, T0 } from '@moraine/management/testing/build'
import { QUOTED_NAME } from './store-steps.ts'

export function blockerConformance(stores: () => Stores): void {
  const setUpTable = async (name: string) => {
    const table = await stores().tables.addTable({ name: { ...QUOTED_NAME, name }, format: 'ICEBERG', createdAt: T0 })
    return table.tableId
  }
  const blocker = (tableId: ManagedTable['tableId'], blockerId: string): Blocker => ({
    blockerId,
    tableId,
    operations: ['optimize', 'batch-write'],
    properties: { application: 'nightly "load"' },
    createdAt: at(1),
    expiresAt: at(100),
  })

  test('of those who ask for one operation the first has it, until it ends', async () => {
    const tableId = await setUpTable('a')
    const first = blocker(tableId, 'first')
    const second: Blocker = { ...blocker(tableId, 'second'), operations: ['optimize'] }
    const { blockers } = stores()
    assert.deepEqual(await blockers.addBlocker(first, at(1)), { kind: 'added' })
    assert.deepEqual(await blockers.addBlocker(second, at(99)), { kind: 'refused', by: first })
    assert.deepEqual(await blockers.listBlockers(at(99), tableId), [first])
    assert.deepEqual(await blockers.listBlockers(at(100)), [])
    const later = { ...second, expiresAt: at(200) }
    assert.deepEqual(await blockers.addBlocker(later, at(100)), { kind: 'added' })
    assert.deepEqual(await blockers.listBlockers(at(100)), [later])
  })

  test('different operations, and different tables, do not meet', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const { blockers } = stores()
    const optimize: Blocker = { ...blocker(a, 'one'), operations: ['optimize'] }
    const write: Blocker = { ...blocker(a, 'two'), operations: ['batch-write'], createdAt: at(2) }
    for (const each of [optimize, write, blocker(b, 'three')]) {
      assert.deepEqual(await blockers.addBlocker(each, at(5)), { kind: 'added' })
    }
    assert.deepEqual(await blockers.listBlockers(at(5), a), [optimize, write])
    assert.equal((await blockers.listBlockers(at(5))).length, 3)
  })

  test('one that is renewed lives on, one that has ended does not come back', async () => {
    const tableId = await setUpTable('a')
    const { blockers } = stores()
    const first = blocker(tableId, 'first')
    await blockers.addBlocker(first, at(1))
    const renewed = { ...first, expiresAt: at(300) }
    assert.deepEqual(await blockers.renewBlocker(tableId, 'first', at(300), at(50)), renewed)
    assert.deepEqual(await blockers.listBlockers(at(299)), [renewed])
    assert.equal(await blockers.renewBlocker(tableId, 'first', at(900), at(300)), undefined)
    assert.deepEqual(await blockers.listBlockers(at(301)), [])
    assert.equal(await blockers.renewBlocker(tableId, 'nobody', at(900), at(50)), undefined)
  })

  test('one that is given back is gone, and nobody gives back that of another table', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const { blockers } = stores()
    await blockers.addBlocker(blocker(a, 'first'), at(1))
    assert.equal(await blockers.removeBlocker(b, 'first'), false)
    assert.equal(await blockers.renewBlocker(b, 'first', at(900), at(2)), undefined)
    assert.equal(await blockers.removeBlocker(a, 'first'), true)
    assert.equal(await blockers.removeBlocker(a, 'first'), false)
    assert.deepEqual(await blockers.listBlockers(at(2)), [])
  })

  test('of two who ask at once for one operation, one is refused', async () => {
    const tableId = await setUpTable('a')
    const asked = ['one', 'two', 'three'].map((id) => stores().blockers.addBlocker(blocker(tableId, id), at(1)))
    const kinds = (await Promise.all(asked)).map(({ kind }) => kind)
    assert.deepEqual(kinds.sort(), ['added', 'refused', 'refused'])
  })
}
