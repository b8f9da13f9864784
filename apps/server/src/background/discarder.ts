import type { Discard } from '@moraine/management/optimizing/discard'
import { postponeDiscard } from '@moraine/management/optimizing/list-discard'
import { boundedReason } from '@moraine/management/optimizing/task'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const BATCH = 100
const DISCARD_DEADLINE_MS = 2 * 60_000

export type DiscarderDeps = {
  readonly stores: Pick<Stores, 'state' | 'discards' | 'tables' | 'tasks'>
  readonly maintenance: Pick<TableMaintenance, 'discard'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Deletes what attempts wrote that were not committed, also of tables that have gone or have another name by now. What
 * cannot be deleted stays listed, with the reason.
 */
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
  const { stores, clock, log } = deps
  const { processId, taskId, attempt, commit } = discard
  const left = await tryDiscard(deps, discard, signal)
  if (left === undefined) {
    await stores.state.apply([{ kind: 'remove-discard', key: discard }])
    return
  }
  log.warn({ processId, taskId, attempt, commit, reason: left }, 'an output stays listed')
  await stores.state.apply([postponeDiscard(discard, boundedReason(left), clock.now())])
}

/** Why it stays listed; `undefined` if nothing of it is left that its table does not refer to. */
async function tryDiscard(
  { stores, maintenance, clock }: DiscarderDeps,
  discard: Discard,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { processId, taskId, attempt, tableId, commit } = discard
  const what = `discarding the output of ${processId}/${taskId}, attempt ${attempt}`
  try {
    const input = await stores.tasks.findInput(processId, taskId)
    if (input === undefined) return 'what its task was to write is not known any more'
    const table = (await stores.tables.findTable(tableId))?.name ?? discard.table
    if (table === undefined) return 'its table is not managed any more, and what it was called is not known'
    const request = { table, input, attempt: { processId, taskId, attempt }, commit }
    const report = await withinDeadline(clock, { ms: DISCARD_DEADLINE_MS, what, signal }, (inner) =>
      maintenance.discard(request, inner),
    )
    return report.kind === 'done' ? undefined : report.reason
  } catch (error) {
    if (signal.aborted) throw error
    return describeError(error)
  }
}
