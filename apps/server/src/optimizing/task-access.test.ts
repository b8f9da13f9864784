import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDispatchable, T0 } from '@moraine/management/testing/build'
import { later } from '@moraine/stdx/brand'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { taskAccess } from './task-access.ts'

test('access to files is asked for again after five seconds, also when the wall clock was set back', async () => {
  const base = virtualClock(T0)
  let aheadMs = 0
  const stores = memoryStores()
  const name = { catalog: 'lake', namespace: ['a'], name: 't' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  let asked = 0
  let ready = Promise.withResolvers<void>()
  const access = taskAccess({
    stores,
    maintenance: {
      async loadAccess() {
        asked += 1
        return `credentials ${asked}`
      },
    },
    clock: { ...base, now: () => later(base.now(), aheadMs) },
    log: SILENT_LOG,
    onEnd: () => ready.resolve(),
  })
  const process = buildDispatchable({ tableId })
  assert.equal(access.find(process), undefined)
  await ready.promise
  assert.equal(access.find(process), 'credentials 1')
  aheadMs = -6 * 3_600_000
  await base.run(base.sleep(5000))
  ready = Promise.withResolvers<void>()
  assert.equal(access.find(process), undefined)
  await ready.promise
  assert.equal(access.find(process), 'credentials 2')
  await access.stop()
})

test('tasks whose access does not come soon are withheld, so that other tables are planned meanwhile', async () => {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  const name = { catalog: 'hung', namespace: ['a'], name: 't' }
  const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const access = taskAccess({
    stores,
    maintenance: { loadAccess: () => new Promise(() => {}) },
    ...{ clock, log: SILENT_LOG, onEnd: () => {} },
  })
  const process = buildDispatchable({ tableId, catalog: 'hung' })
  access.find(process)
  assert.equal(access.isWithheld(process), false)
  assert.deepEqual(access.withheld(), { tableIds: [], catalogs: [] })
  await clock.run(clock.sleep(2000))
  assert.equal(access.isWithheld(process), true)
  assert.deepEqual(access.withheld(), { tableIds: [tableId], catalogs: [] })
  await clock.run(clock.sleep(60_000))
  access.find(process)
  assert.equal(access.isWithheld(process), true)
  await access.stop()
})

test('a catalog is asked for the files of a few tables at a time, and no other waits for it', async () => {
  const stores = memoryStores()
  const asked: string[] = []
  const answer = Promise.withResolvers<string>()
  const access = taskAccess({
    stores,
    maintenance: {
      async loadAccess({ catalog, name }) {
        asked.push(`${catalog} ${name}`)
        return catalog === 'slow' ? answer.promise : 'credentials'
      },
    },
    ...{ clock: virtualClock(T0), log: SILENT_LOG, onEnd: () => ends.push(1) },
  })
  const ends: number[] = []
  const process = async (catalog: string, name: string) => {
    const { tableId } = await stores.tables.addTable({
      name: { catalog, namespace: ['a'], name },
      format: 'ICEBERG',
      createdAt: T0,
    })
    return buildDispatchable({ tableId, catalog })
  }
  const slow = await Promise.all(Array.from({ length: 12 }, (_, at) => process('slow', `t${at}`)))
  const other = await process('well', 't')
  for (const one of [...slow, other]) access.find(one)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(asked.filter((name) => name.startsWith('slow')).length, 8)
  assert.equal(access.find(other), 'credentials')
  assert.deepEqual(
    [slow[0], slow[11]].map((one) => one && access.isWithheld(one)),
    [false, true],
    'who has not been asked for yet keeps no other from being planned',
  )
  answer.resolve('credentials')
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(ends.length, 9)
  for (const one of slow) access.find(one)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(asked.filter((name) => name.startsWith('slow')).length, 12)
  await access.stop()
})
