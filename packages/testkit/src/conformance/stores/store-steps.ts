import assert from 'node:assert/strict'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { at, buildEvaluation, buildWork, T0 } from '@moraine/management/testing/build'

/** A name that SQL has to quote. */
export const QUOTED_NAME = { catalog: 'lake', namespace: ['sales', 'eu.north'], name: 'orders "2026"' }

/** Fails unless all of it is applied. */
export async function applyAll(stores: Stores, changes: readonly StateChange[]): Promise<void> {
  assert.deepEqual(await stores.state.apply(changes), { kind: 'applied' })
}

/** As it is stored now. */
export async function reloadTable(stores: Stores, table: ManagedTable): Promise<ManagedTable> {
  const found = await stores.tables.findTable(table.tableId)
  assert.ok(found)
  return found
}

/** Brings a new table to a running process with `tasks` tasks. */
export async function startProcess(stores: Stores, name: string, processId: ProcessId, tasks: number) {
  const added = await stores.tables.addTable({ name: { ...QUOTED_NAME, name }, format: 'ICEBERG', createdAt: T0 })
  await applyAll(stores, recordEvaluation(added, buildEvaluation(), at(1)))
  await applyAll(stores, beginPlanning(await reloadTable(stores, added), at(2)))
  await applyAll(stores, acceptPlan(await reloadTable(stores, added), buildWork(tasks), processId, at(3)))
  const process = await stores.processes.findProcess(processId)
  assert.ok(process)
  return { table: await reloadTable(stores, added), process }
}

export async function loadTask(stores: Stores, processId: ProcessId, taskId: number) {
  const found = await stores.tasks.findTask(processId, taskId as TaskId)
  assert.ok(found)
  return found
}

/** Puts rows in one order, whatever the store lists them in. */
export function compareText(a: readonly unknown[], b: readonly unknown[]): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
