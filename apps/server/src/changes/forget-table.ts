import type { TableId } from '@moraine/lifecycle/identity'
import { removeTable } from '@moraine/management/optimizing/remove-table'
import { openProcessId } from '@moraine/management/records/managed-table'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from './apply-decision.ts'
import { loadOpenProcess } from './load-open-process.ts'

/** Forgets a table that its catalog no longer has; `false` while its process is still committing. */
export async function forgetTable(
  stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes'>,
  clock: Clock,
  tableId: TableId,
): Promise<boolean> {
  // First ends the process, then removes the table.
  for (let step = 0; step < 2; step += 1) {
    const { waits } = await applyDecision(stores.state, `table ${tableId}`, async () => {
      const table = await stores.tables.findTable(tableId)
      if (table === undefined) return { waits: false, changes: NO_CHANGES }
      const processId = openProcessId(table)
      const open = processId === undefined ? undefined : await loadOpenProcess(stores, processId)
      const changes = removeTable(table, open, clock.now())
      return changes === 'wait' ? { waits: true, changes: NO_CHANGES } : { waits: false, changes }
    })
    if (waits) return false
  }
  return (await stores.tables.findTable(tableId)) === undefined
}

const NO_CHANGES: readonly StateChange[] = []
