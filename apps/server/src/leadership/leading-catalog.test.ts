import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogTables, TableCommit } from '@moraine/catalogs/catalog'
import type { Fence } from '@moraine/catalogs/fence'
import { isKind } from '@moraine/stdx/error'
import { leadingCatalog } from './leading-catalog.ts'

const ORDERS = { namespace: ['sales'], name: 'orders' }

test('a commit carries the fence of the moment at which it is made, and none is made without', async () => {
  const made: (Fence | undefined)[] = []
  const refuse = () => Promise.reject(new Error('not asked for'))
  const tables: CatalogTables = {
    loadTable: refuse,
    findMetadataLocation: refuse,
    async commitTable(_, { fence }) {
      made.push(fence)
      return { kind: 'conflict', reason: 'seen' }
    },
  }
  const first: Fence = { lease: 'leader', holder: 'server-1', epoch: 1 }
  let fence: Fence | undefined = first
  const leading = leadingCatalog(tables, () => fence)
  const commit: TableCommit = { requirements: [], updates: [] }
  await leading.commitTable(ORDERS, commit)
  fence = { ...first, epoch: 2 }
  await leading.commitTable(ORDERS, commit)
  fence = undefined
  await assert.rejects(leading.commitTable(ORDERS, commit), (error) => isKind(error, 'unavailable'))
  assert.deepEqual(
    made.map((each) => each?.epoch),
    [1, 2],
  )
})
