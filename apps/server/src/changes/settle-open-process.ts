import type { ProcessId } from '@moraine/lifecycle/identity'
import { settleProcess } from '@moraine/management/optimizing/settle-process'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from './apply-decision.ts'
import { loadOpenProcess } from './load-open-process.ts'

/** Moves an executing process on if its tasks, or the settings of its table, ask for it. */
export async function settleOpenProcess(
  stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks'>,
  clock: Clock,
  processId: ProcessId,
): Promise<void> {
  await applyDecision(stores.state, `process ${processId}`, async () => {
    const open = await loadOpenProcess(stores, processId)
    return { changes: open === undefined ? [] : settleProcess(open, clock.now()) }
  })
}
