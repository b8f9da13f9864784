import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { sealedStores } from './sealed-stores.ts'
import { secretVault } from './secret-vault.ts'

const random = seededRandom(5)
const TASK = 1 as TaskId

test('an input is sealed in the database, and is had back as it was', async () => {
  const plain = memoryStores()
  const stores = sealedStores(plain, secretVault(random.bytes(32), random))
  const { tableId } = await stores.tables.addTable({
    name: { catalog: 'lake', namespace: ['sales'], name: 'orders' },
    format: 'ICEBERG',
    createdAt: T0,
  })
  const table = async () => must(await stores.tables.findTable(tableId), 'table')
  const work = buildWork(2)
  await stores.state.apply(recordEvaluation(await table(), buildEvaluation(), T0))
  await stores.state.apply(beginPlanning(await table(), T0))
  await stores.state.apply(acceptPlan(await table(), work, PROCESS_1, T0))
  const given = must(work.tasks[0], 'task').input
  assert.equal(await stores.tasks.findInput(PROCESS_1, TASK), given)
  const stored = must(await plain.tasks.findInput(PROCESS_1, TASK), 'stored input')
  assert.match(stored, /^v1\./)
  const other = sealedStores(plain, secretVault(random.bytes(32), random))
  await assert.rejects(other.tasks.findInput(PROCESS_1, TASK), (error) => isKind(error, 'permission'))
})
