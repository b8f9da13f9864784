import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { Fence } from '@moraine/catalogs/fence'
import { fencedStateStore } from '@moraine/management/leadership/fenced-state-store'
import type { LeaseRequest } from '@moraine/management/records/leader-lease'
import { patchTable } from '@moraine/management/store/state-change'
import { at, T0 } from '@moraine/management/testing/build'
import type { OpenedStores } from './stores/opened-stores.ts'

/** What every implementation of leases must do, and of the fences that rest on them. */
export function leasesConformance(name: string, open: () => Promise<OpenedStores>): void {
  const holder: { opened?: OpenedStores } = {}
  const stores = () => {
    assert.ok(holder.opened)
    return holder.opened.stores
  }
  describe(`${name}: leases and fences`, () => {
    beforeEach(async () => {
      await holder.opened?.close()
      holder.opened = await open()
    })
    after(async () => holder.opened?.close())
    leaseConformance(stores)
    fenceConformance(stores)
  })
}

const LEASE = 'leader'
const LONG_MS = 3_600_000

const request = (holder: string, ttlMs = LONG_MS): LeaseRequest => ({
  name: LEASE,
  holder,
  ttlMs,
  address: { http: `http://${holder}:1630`, thriftPort: 1261 },
})

function leaseConformance(stores: () => OpenedStores['stores']) {
  const acquire = async (holder: string, ttlMs?: number) => {
    const { kind, lease } = await stores().leases.acquire(request(holder, ttlMs))
    return [kind, lease.holder, lease.epoch]
  }

  test('whoever comes first holds the lease, and again without a new epoch; others are told who it is', async () => {
    assert.equal(await stores().leases.read(LEASE), undefined)
    assert.deepEqual(await acquire('a'), ['held', 'a', 1])
    assert.deepEqual(await acquire('b'), ['taken', 'a', 1])
    assert.deepEqual(await acquire('a'), ['held', 'a', 1])
    const lease = await stores().leases.read(LEASE)
    assert.ok(lease !== undefined && lease.remainingMs > LONG_MS - 60_000 && lease.remainingMs <= LONG_MS)
    assert.deepEqual(lease.address, { http: 'http://a:1630', thriftPort: 1261 })
    assert.equal(await stores().leases.read('other'), undefined)
  })

  test('leases are listed by how their names begin, whoever has them', async () => {
    const { leases } = stores()
    for (const name of ['node/b', 'node/a', 'leader', 'node_c', 'Node/d']) {
      await leases.acquire({ ...request(`holder of ${name}`), name })
    }
    await leases.release({ lease: 'node/b', holder: 'holder of node/b', epoch: 1 })
    const listed = await leases.list('node/')
    assert.deepEqual(
      listed.map(({ name, holder }) => [name, holder]),
      [
        ['node/a', 'holder of node/a'],
        ['node/b', undefined],
      ],
    )
    assert.deepEqual(await leases.list('nobody/'), [])
  })

  test('a lease whose time is over goes to the next with a new epoch, and back with another', async () => {
    assert.deepEqual(await acquire('a', 0), ['held', 'a', 1])
    assert.ok(((await stores().leases.read(LEASE))?.remainingMs ?? 1) <= 0)
    assert.deepEqual(await acquire('b', 0), ['held', 'b', 2])
    assert.deepEqual(await acquire('a'), ['held', 'a', 3])
  })

  test('it is renewed by who holds it, even late, and by nobody who held it before', async () => {
    await acquire('a', 0)
    const renewed = await stores().leases.renew({ ...request('a'), address: { http: 'moved' }, epoch: 1 })
    assert.ok(renewed !== undefined && renewed.remainingMs > 0)
    assert.deepEqual([renewed.epoch, renewed.address], [1, { http: 'moved' }])
    assert.deepEqual(await acquire('b'), ['taken', 'a', 1])
    await stores().leases.renew({ ...request('a', 0), epoch: 1 })
    assert.deepEqual(await acquire('b'), ['held', 'b', 2])
    assert.equal(await stores().leases.renew({ ...request('a'), epoch: 1 }), undefined)
    assert.equal(await stores().leases.renew({ ...request('b'), epoch: 1 }), undefined)
    assert.deepEqual((await stores().leases.read(LEASE))?.holder, 'b')
  })

  test('a released lease can be had at once, and its epoch is not used again', async () => {
    await acquire('a')
    assert.equal(await stores().leases.release({ lease: LEASE, holder: 'b', epoch: 1 }), false)
    assert.equal(await stores().leases.release({ lease: LEASE, holder: 'a', epoch: 1 }), true)
    assert.equal(await stores().leases.release({ lease: LEASE, holder: 'a', epoch: 1 }), false)
    const lease = await stores().leases.read(LEASE)
    assert.deepEqual([lease?.holder, lease?.epoch], [undefined, 1])
    assert.equal(await stores().leases.renew({ ...request('a'), epoch: 1 }), undefined)
    assert.deepEqual(await acquire('a'), ['held', 'a', 2])
  })

  test('of many who come at once one holds it', async () => {
    const comers = Array.from({ length: 8 }, (_, index) => `server-${index}`)
    for (const epoch of [1, 2]) {
      const outcomes = await Promise.all(comers.map((each) => acquire(each)))
      assert.deepEqual(outcomes.filter(([kind]) => kind === 'held').length, 1)
      const [, winner] = outcomes.find(([kind]) => kind === 'held') ?? []
      assert.deepEqual([...new Set(outcomes.map(([, holder]) => holder))], [winner])
      assert.ok(outcomes.every(([, , each]) => each === epoch))
      await stores().leases.release({ lease: LEASE, holder: String(winner), epoch })
    }
  })
}

function fenceConformance(stores: () => OpenedStores['stores']) {
  const addTable = () =>
    stores().tables.addTable({
      name: { catalog: 'lake', namespace: ['n'], name: 't' },
      format: 'ICEBERG',
      createdAt: T0,
    })

  test('a leader writes under its fence, and does not any more once another leads or it has released', async () => {
    const table = await addTable()
    const fence: Fence = { lease: LEASE, holder: 'a', epoch: 1 }
    const write = async (under: Fence) => {
      const latest = await stores().tables.findTable(table.tableId)
      assert.ok(latest)
      const changes = [patchTable(latest, { plannedAt: at(latest.version) })]
      return (await stores().state.apply(changes, under)).kind
    }
    assert.equal(await write(fence), 'deposed')
    await stores().leases.acquire(request('a', 0))
    assert.equal(await write(fence), 'applied')
    await stores().leases.acquire(request('b'))
    assert.equal(await write(fence), 'deposed')
    assert.equal(await write({ ...fence, holder: 'b' }), 'deposed')
    assert.equal(await write({ ...fence, holder: 'b', epoch: 2 }), 'applied')
    await stores().leases.release({ lease: LEASE, holder: 'b', epoch: 2 })
    assert.equal(await write({ ...fence, holder: 'b', epoch: 2 }), 'deposed')
    assert.equal((await stores().tables.findTable(table.tableId))?.version, table.version + 2)
  })

  test('a store behind a fence writes nothing while this server does not lead', async () => {
    const table = await addTable()
    let fence: Fence | undefined
    const fenced = fencedStateStore(stores().state, () => fence)
    const changes = [patchTable(table, { plannedAt: at(1) })]
    assert.deepEqual(await fenced.apply(changes), { kind: 'deposed' })
    const { lease } = await stores().leases.acquire(request('a'))
    fence = { lease: LEASE, holder: 'a', epoch: lease.epoch }
    assert.deepEqual(await fenced.apply(changes), { kind: 'applied' })
    assert.equal((await fenced.apply(changes)).kind, 'lost')
  })

  test('a pointer is moved under a fence while it holds, and not any more then', async () => {
    const { leases, pointers, catalogs } = stores()
    await catalogs.addCatalog({ name: 'lake', type: 'ams', properties: {} })
    await pointers.addNamespace('lake', ['n'], {})
    const before = { kind: 'table', catalog: 'lake', namespace: ['n'], name: 't', metadataLocation: 'v1' } as const
    await pointers.addPointer(before)
    await leases.acquire(request('a', 0))
    const move = (from: string, to: string, fence: Fence) =>
      pointers.changePointers(
        [{ before: { ...before, metadataLocation: from }, after: { ...before, metadataLocation: to } }],
        fence,
      )
    const fence: Fence = { lease: LEASE, holder: 'a', epoch: 1 }
    assert.equal(await move('v1', 'v2', fence), 'made')
    assert.equal(await move('v1', 'v3', fence), 'refused')
    await leases.acquire(request('b'))
    assert.equal(await move('v2', 'v3', fence), 'deposed')
    assert.equal((await pointers.findPointer('lake', ['n'], 't'))?.metadataLocation, 'v2')
    assert.equal(await move('v2', 'v3', { ...fence, holder: 'b', epoch: 2 }), 'made')
  })

  test('whoever takes over sees all that was written before, and nothing is written by the one before after that', async () => {
    const table = await addTable()
    const write = async (under: Fence, ms: number) => {
      const latest = await stores().tables.findTable(table.tableId)
      assert.ok(latest)
      return (await stores().state.apply([patchTable(latest, { plannedAt: at(ms) })], under)).kind
    }
    let former = { lease: LEASE, holder: 'none', epoch: 0 }
    for (let epoch = 1; epoch <= 10; epoch += 1) {
      const writing = Promise.all([1, 2, 3].map((ms) => write(former, ms)))
      const { lease } = await stores().leases.acquire(request(`server-${epoch}`, 0))
      assert.equal(lease.epoch, epoch)
      const seen = await stores().tables.findTable(table.tableId)
      await writing
      assert.deepEqual(await stores().tables.findTable(table.tableId), seen)
      former = { lease: LEASE, holder: `server-${epoch}`, epoch }
    }
  })
}
