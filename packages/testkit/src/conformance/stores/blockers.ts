import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Blocker, BlockRequest } from '@moraine/management/records/blocker'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { tableGuard } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { at, T0 } from '@moraine/management/testing/build'
import { applyAll, QUOTED_NAME } from './store-steps.ts'

const LONG_MS = 3_600_000

/** How long one lives is told by the store's own clock. */
export function blockerConformance(stores: () => Stores): void {
  const setUpTable = async (name: string) => {
    const table = await stores().tables.addTable({ name: { ...QUOTED_NAME, name }, format: 'ICEBERG', createdAt: T0 })
    return table.tableId
  }
  const request = (tableId: ManagedTable['tableId'], blockerId: string, ttlMs = LONG_MS): BlockRequest => ({
    blockerId,
    tableId,
    operations: ['optimize', 'batch-write'],
    properties: { application: 'nightly "load"' },
    createdAt: at(1),
    ttlMs,
  })
  const add = async (asked: BlockRequest) => {
    const outcome = await stores().blockers.addBlocker(asked)
    return outcome.kind === 'added' ? 'added' : `refused by ${outcome.by.blockerId}`
  }
  const idsOf = async (tableId?: ManagedTable['tableId']) =>
    (await stores().blockers.listBlockers(tableId)).map(({ blockerId }) => blockerId)

  test('of those who ask for one operation the first has it, until it ends', async () => {
    const tableId = await setUpTable('a')
    const second: BlockRequest = { ...request(tableId, 'second'), operations: ['optimize'] }
    assert.equal(await add(request(tableId, 'first', 0)), 'added')
    assert.deepEqual(await idsOf(), [])
    assert.equal(await add(second), 'added')
    assert.equal(await add(request(tableId, 'third')), 'refused by second')
    const living = await stores().blockers.listBlockers(tableId)
    assert.deepEqual(living.map(withoutTime), [withoutTime(second)])
    assert.ok(living.every(({ remainingMs }) => remainingMs > LONG_MS - 60_000 && remainingMs <= LONG_MS))
  })

  test('different operations, and different tables, do not meet', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const optimize: BlockRequest = { ...request(a, 'one'), operations: ['optimize'] }
    const write: BlockRequest = { ...request(a, 'two'), operations: ['batch-write'], createdAt: at(2) }
    for (const each of [optimize, write, request(b, 'three')]) assert.equal(await add(each), 'added')
    assert.deepEqual(await idsOf(a), ['one', 'two'])
    assert.equal((await idsOf()).length, 3)
  })

  test('how long it lives does not depend on the time that whoever asks believes it is', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const ahead = at(LONG_MS * 1000)
    assert.equal(await add(request(a, 'first', 60_000)), 'added')
    assert.equal(await add({ ...request(b, 'second'), createdAt: ahead }), 'added')
    assert.deepEqual(await idsOf(a), ['first'])
    assert.equal(await add({ ...request(a, 'third'), createdAt: ahead }), 'refused by first')
    assert.equal((await stores().blockers.renewBlocker(a, 'first', LONG_MS))?.blockerId, 'first')
  })

  test('one that is renewed lives on, one that has ended does not come back', async () => {
    const tableId = await setUpTable('a')
    const { blockers } = stores()
    await add(request(tableId, 'first', 60_000))
    const renewed = await blockers.renewBlocker(tableId, 'first', LONG_MS)
    assert.ok(renewed !== undefined && renewed.remainingMs > 60_000)
    assert.deepEqual(withoutTime(renewed), withoutTime(request(tableId, 'first')))
    await blockers.renewBlocker(tableId, 'first', 0)
    assert.equal(await blockers.renewBlocker(tableId, 'first', LONG_MS), undefined)
    assert.deepEqual(await idsOf(), [])
    assert.equal(await blockers.renewBlocker(tableId, 'nobody', LONG_MS), undefined)
  })

  test('of a renewal and another who come as it ends, one has it at most', async () => {
    const tableId = await setUpTable('a')
    const { blockers } = stores()
    for (let round = 0; round < 20; round += 1) {
      const [own, other] = [`own-${round}`, `other-${round}`]
      await add(request(tableId, own, round % 4))
      const asked = [blockers.renewBlocker(tableId, own, LONG_MS), add(request(tableId, other))] as const
      const [renewed, added] = await Promise.all(asked)
      // Neither, where it ends between the refusal of the other and the renewal.
      const holders = [...(renewed === undefined ? [] : [own]), ...(added === 'added' ? [other] : [])]
      assert.ok(holders.length <= 1, `${holders}`)
      assert.deepEqual(await idsOf(tableId), holders)
      for (const each of [own, other]) await blockers.removeBlocker(tableId, each)
    }
  })

  test('one that is given back is gone, and nobody gives back that of another table', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    const { blockers } = stores()
    await add(request(a, 'first'))
    assert.equal(await blockers.removeBlocker(b, 'first'), false)
    assert.equal(await blockers.renewBlocker(b, 'first', LONG_MS), undefined)
    assert.equal(await blockers.removeBlocker(a, 'first'), true)
    assert.equal(await blockers.removeBlocker(a, 'first'), false)
    assert.deepEqual(await idsOf(), [])
  })

  test('those of a table go with it', async () => {
    const [a, b] = [await setUpTable('a'), await setUpTable('b')]
    for (const each of [request(a, 'first'), request(b, 'second')]) await add(each)
    const table = await stores().tables.findTable(a)
    assert.ok(table)
    await applyAll(stores(), [{ kind: 'remove-table', tableId: a, from: tableGuard(table) }])
    assert.deepEqual(await idsOf(), ['second'])
  })

  test('of those who ask at once for one operation, one has it', async () => {
    const tableId = await setUpTable('a')
    const outcomes = await Promise.all(['one', 'two', 'three'].map((id) => add(request(tableId, id))))
    assert.equal(outcomes.filter((each) => each === 'added').length, 1)
  })
}

function withoutTime({ blockerId, tableId, operations, properties, createdAt }: Omit<Blocker, 'remainingMs'>) {
  return { blockerId, tableId, operations, properties, createdAt }
}
