import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { guardedPurge } from './guarded-purge.ts'

test('a purge at once is not asked for where another catalog uses the place', async () => {
  const { catalogs, pointers, drops } = memoryStores()
  await catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const purged: string[] = []
  let user: string | undefined
  const places = { name: 'far', warehouse: 's3://b/wh', io: memoryFileIO(), clock: virtualClock() }
  const files = filesystemCatalog({ ...places, random: seededRandom(1), onLeftover: assert.fail })
  const far = { ...files, purgeTable: async () => void purged.push('orders') }
  const catalog = guardedPurge(far, { drops, others: { findUser: async () => user } })
  const { metadata } = await createSalesOrders({ catalog })
  const refused = (why: RegExp) =>
    assert.rejects(
      async () => catalog.purgeTable?.(ORDERS),
      (error) => isKind(error, 'conflict') && why.test(error.message),
    )
  user = 'the warehouse of catalog sql is around s3://b/wh/sales/orders'
  await refused(/sales\.orders was not dropped, .*: the warehouse of catalog sql is around .*; drop it without/)
  user = undefined
  await pointers.addNamespace('lake', ['eu'], {})
  const metadataLocation = `${metadata.location.replace('s3:', 's3a:')}/metadata/v9.metadata.json`
  await pointers.addPointer({ kind: 'table', catalog: 'lake', namespace: ['eu'], name: 't', metadataLocation })
  await refused(/table eu\.t of catalog lake lies in, or around, /)
  await pointers.removePointer('lake', ['eu'], 't', 'table')
  await catalog.purgeTable?.(ORDERS)
  assert.deepEqual(purged, ['orders'])
  assert.equal(guardedPurge(files, { drops, others: { findUser: async () => undefined } }).purgeTable, undefined)
})
