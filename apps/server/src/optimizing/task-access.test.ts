import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DispatchableProcess } from '@moraine/management/optimizing/process-store'
import { T0 } from '@moraine/management/testing/build'
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
    onReady: () => ready.resolve(),
  })
  const process = { tableId } as DispatchableProcess
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
    ...{ clock, log: SILENT_LOG, onReady: () => {} },
  })
  const process = { tableId, processId: 'p1' } as DispatchableProcess
  access.find(process)
  assert.equal(access.isWithheld(tableId), false)
  await clock.run(clock.sleep(2000))
  assert.equal(access.isWithheld(tableId), true)
  await clock.run(clock.sleep(60_000))
  access.find(process)
  assert.equal(access.isWithheld(tableId), true)
  await access.stop()
})
