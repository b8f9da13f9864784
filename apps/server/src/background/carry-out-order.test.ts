import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApplyOutcome } from '@moraine/management/store/state-store'
import { buildResource, OPTIMIZER_1, T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { carryOut } from './carry-out-order.ts'

const never = new AbortController().signal

/** Lets go of a resource, what came of which is written so; the milliseconds until the order may be given again. */
async function waits(apply: () => Promise<ApplyOutcome>): Promise<number> {
  const clock = virtualClock(T0)
  const stores = memoryStores(undefined, clock)
  const container = { name: 'local', launch: async () => {}, release: async () => {}, list: async () => [] }
  const place = {
    stores: { ...stores, state: { apply } },
    container: { ...container, close: async () => {} },
    registration: async () => ({ url: 'thrift://here:1261', trusted: undefined, groupSecret: undefined }),
    checkLeads() {},
    nudge() {},
    clock,
    log: SILENT_LOG,
  }
  await clock.run(carryOut({ kind: 'release', resource: buildResource() }, place, never))
  return clock.now() - T0
}

test('an order that was recorded, or that another has overtaken, makes nobody wait', async () => {
  assert.equal(await waits(async () => ({ kind: 'applied' })), 0)
  assert.equal(
    await waits(async () => ({ kind: 'lost', change: { kind: 'remove-optimizer', optimizerId: OPTIMIZER_1 } })),
    0,
  )
})

test('one that cannot be recorded, now or since another leads, is not given again at once', async () => {
  assert.equal(await waits(async () => ({ kind: 'deposed' })), 1000)
  const away = async () => {
    throw new MoraineError('unavailable', 'the database is away')
  }
  assert.equal(await waits(away), 1000)
})
