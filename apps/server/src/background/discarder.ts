import type { Discard } from '@moraine/management/optimizing/discard'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const BATCH = 100
const DISCARD_DEADLINE_MS = 2 * 60_000
/** Outputs that cannot be deleted now are tried again after this. */
const RETRY_MS = 3_600_000

export type DiscarderDeps = {
  readonly stores: Pick<Stores, 'state' | 'discards' | 'tables' | 'tasks'>
  readonly maintenance: Pick<TableMaintenance, 'discard'>
  readonly clock: Clock
  readonly log: Log
}

/** Deletes what attempts wrote that were not committed. */
export function discarder(deps: DiscarderDeps): Reconciler<never> {
  const { stores, clock, log } = deps
  return reconciler({
    name: 'discarder',
    intervalMs: 60_000,
    clock,
    log,
    async run(_work, signal) {
      for (;;) {
        const due = await stores.discards.listDueDiscards(clock.now(), BATCH)
        for (const discard of due) await discardOutput(deps, discard, signal)
        if (due.length < BATCH) return {}
      }
    },
  })
}

async function discardOutput(deps: DiscarderDeps, discard: Discard, signal: AbortSignal): Promise<void> {
  const { stores, maintenance, clock, log } = deps
  const { processId, taskId, attempt, tableId } = discard
  const what = `discarding the output of ${processId}/${taskId}, attempt ${attempt}`
  try {
    const input = await stores.tasks.findInput(processId, taskId)
    // The files of a table that is no longer managed are not ours to judge.
    const table = await stores.tables.findTable(tableId)
    if (input !== undefined && table !== undefined) {
      await withinDeadline(clock, { ms: DISCARD_DEADLINE_MS, what, signal }, (inner) =>
        maintenance.discard(table.name, input, { processId, taskId, attempt }, inner),
      )
    }
    await stores.state.apply([{ kind: 'remove-discard', discard }])
  } catch (error) {
    if (signal.aborted) throw error
    log.warn({ processId, taskId, attempt, reason: describeError(error) }, 'an output could not be deleted')
    const postponed = { ...discard, dueAt: later(clock.now(), RETRY_MS) }
    await stores.state.apply([
      { kind: 'remove-discard', discard },
      { kind: 'add-discard', discard: postponed },
    ])
  }
}
