import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { lentCatalog } from './lent-catalog.ts'

function setUp() {
  const clock = virtualClock()
  const seen = { closed: 0 }
  let answer: (() => void) | undefined
  const catalog = {
    name: 'far',
    listTables: async () => ({ items: [] }),
    dropTable: () =>
      new Promise<void>((resolve) => {
        answer = resolve
      }),
    views: { listViews: async () => ({ items: [] }) },
    async close() {
      seen.closed += 1
    },
  } as unknown as Catalog
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const step = async () => {
    clock.step()
    await settle()
  }
  return { lent: lentCatalog(catalog, { clock, log: SILENT_LOG }), clock, seen, step, settle, answer: () => answer?.() }
}

test('a catalog that is not needed any more is closed when nobody uses it', async () => {
  const { lent, clock, seen, step, settle, answer } = setUp()
  const dropping = lent.catalog.dropTable({ namespace: ['a'], name: 'b' })
  void lent.retire()
  await step()
  assert.equal(seen.closed, 0)
  answer()
  await dropping
  void clock.sleep(60_000)
  await step()
  assert.deepEqual(await lent.catalog.views?.listViews(['a']), { items: [] })
  await step()
  assert.equal(seen.closed, 0, 'whoever has it may have another call to make')
  await step()
  assert.equal(seen.closed, 1)
  await lent.close()
  await settle()
  assert.equal(seen.closed, 1)
})

test('one that is closed at once is closed once', async () => {
  const { lent, seen, settle } = setUp()
  void lent.retire()
  await lent.close()
  await settle()
  assert.equal(seen.closed, 1)
  assert.equal(lent.catalog.close, undefined, 'who uses it does not close it')
})
