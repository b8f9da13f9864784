import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { appendUpdates, nextSnapshot, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { TableCommit } from '../catalog.ts'
import { internalCatalog } from './internal-catalog.ts'

const FOREIGN = 's3://b/wh/hr/salaries/metadata/snap-1.avro'

async function openOrders(allowsExternalLocations: boolean) {
  const read: string[] = []
  const memory = memoryFileIO()
  const io: FileIO = {
    ...memory,
    read: (location, signal) => {
      read.push(location)
      return memory.read(location, signal)
    },
  }
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    allowsExternalLocations,
    pointers: memoryCatalogs().pointers,
    io,
    clock: virtualClock(),
    random: systemRandom,
    onLeftover: assert.fail,
  })
  await catalog.createNamespace(['sales'])
  const { metadata } = await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  const snapshot = { ...nextSnapshot(metadata, 1n), manifests: { kind: 'list', location: FOREIGN } } as const
  const updates: TableCommit['updates'] = appendUpdates(snapshot)
  return { catalog, read, updates }
}

test('a commit names no manifest list of another table, and has none read, not even to be rebased', async () => {
  const { catalog, read, updates } = await openOrders(false)
  const overtaken = { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 7n as SnapshotId } as const
  const refused = (error: unknown) => isKind(error, 'invalid-input') && error.message.includes(FOREIGN)
  for (const requirements of [[], [overtaken]]) {
    await assert.rejects(catalog.commitTable(ORDERS, { requirements, updates }), refused)
    await assert.rejects(
      async () => catalog.commitTables?.([{ identifier: ORDERS, commit: { requirements, updates } }]),
      refused,
    )
  }
  const fresh = { namespace: ['sales'], name: 'fresh' }
  const create = { requirements: [{ type: 'assert-create' }], updates } as const
  await assert.rejects(catalog.commitTable(fresh, create), refused)
  assert.equal(read.includes(FOREIGN), false)
})

test('where the catalog lets tables be anywhere, their metadata may be, too', async () => {
  const { catalog, updates } = await openOrders(true)
  assert.equal((await catalog.commitTable(ORDERS, { requirements: [], updates })).kind, 'committed')
})
