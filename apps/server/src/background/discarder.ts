import { postponeDiscard } from '@moraine/management/optimizing/list-discard'
import { beginsToDiscard, discardsAgain, sparedBefore } from '@moraine/management/optimizing/spared-discards'
import type { Discard } from '@moraine/management/records/discard'
import type { TableName } from '@moraine/management/records/table-name'
import { boundedReason } from '@moraine/management/records/task'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { type Clock, momentOf } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind } from '@moraine/stdx/error'
import { deposed } from '../changes/apply-decision.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const BATCH = 100
const DISCARD_DEADLINE_MS = 2 * 60_000

export type DiscarderDeps = {
  readonly stores: Pick<Stores, 'state' | 'discards' | 'tables' | 'tasks'>
  readonly maintenance: Pick<TableMaintenance, 'discard'>
  /** Whether others may have led before, whose clocks are not this one. */
  readonly othersLed: boolean
  readonly clock: Clock
  readonly log: Log
}

/**
 * Deletes what attempts wrote that were not committed, also of tables that have gone or have another name by now. What
 * cannot be deleted stays listed, with the reason. Outputs of one catalog are deleted in turn, catalogs beside each other: one
 * that does not answer takes the time of none but its own.
 */
export function discarder(deps: DiscarderDeps): Reconciler<never> {
  const { stores, clock, log } = deps
  let sameClock = beginsToDiscard(momentOf(clock), deps.othersLed)
  return reconciler({
    name: 'discarder',
    intervalMs: 60_000,
    clock,
    log,
    async run(_work, signal) {
      for (;;) {
        sameClock = discardsAgain(sameClock, momentOf(clock))
        const from = sparedBefore(sameClock)
        const until = clock.now()
        const due = await stores.discards.listDueDiscards({ until, ...(from !== undefined && { from }) }, BATCH)
        const ends = await Promise.allSettled(
          (await byCatalog(deps, due)).map((those) => discardInTurn(deps, those, signal)),
        )
        for (const end of ends) if (end.status === 'rejected') throw end.reason
        if (due.length < BATCH) return {}
      }
    },
  })
}

async function byCatalog(deps: DiscarderDeps, due: readonly Discard[]): Promise<readonly (readonly Discard[])[]> {
  const catalogs = new Map<string | undefined, Discard[]>()
  for (const discard of due) {
    const catalog = (await tableOf(deps, discard))?.catalog
    const others = catalogs.get(catalog) ?? []
    catalogs.set(catalog, [...others, discard])
  }
  return [...catalogs.values()]
}

/** Once a catalog did not answer in time it is not waited for again: the others stay listed for the same reason. */
async function discardInTurn(deps: DiscarderDeps, due: readonly Discard[], signal: AbortSignal): Promise<void> {
  let silence: Left | undefined
  for (const discard of due) {
    const left = silence ?? (await tryDiscard(deps, discard, signal))
    if (left?.isSilence) silence = left
    await settle(deps, discard, left?.reason)
  }
}

async function settle(
  { stores, clock, log }: DiscarderDeps,
  discard: Discard,
  left: string | undefined,
): Promise<void> {
  const record = async (change: StateChange) => {
    if ((await stores.state.apply([change])).kind === 'deposed') throw deposed('the discarder')
  }
  if (left === undefined) return record({ kind: 'remove-discard', key: discard })
  const { processId, taskId, attempt, commit } = discard
  log.warn({ processId, taskId, attempt, commit, reason: left }, 'an output stays listed')
  await record(postponeDiscard(discard, boundedReason(left), clock.now()))
}

async function tableOf({ stores }: DiscarderDeps, { tableId, table }: Discard): Promise<TableName | undefined> {
  return (await stores.tables.findTable(tableId))?.name ?? table
}

/** Why an output stays listed. */
type Left = { readonly reason: string; readonly isSilence: boolean }

/** `undefined` if nothing of it is left that its table does not refer to. */
async function tryDiscard(deps: DiscarderDeps, discard: Discard, signal: AbortSignal): Promise<Left | undefined> {
  const { stores, maintenance, clock } = deps
  const { processId, taskId, attempt, commit } = discard
  const what = `discarding the output of ${processId}/${taskId}, attempt ${attempt}`
  try {
    const input = await stores.tasks.findInput(processId, taskId)
    if (input === undefined) return answered('what its task was to write is not known any more')
    const table = await tableOf(deps, discard)
    if (table === undefined) return answered('its table is not managed any more, and what it was called is not known')
    const request = { table, input, attempt: { processId, taskId, attempt }, commit }
    const report = await withinDeadline(clock, { ms: DISCARD_DEADLINE_MS, what, signal }, (inner) =>
      maintenance.discard(request, inner),
    )
    return report.kind === 'done' ? undefined : answered(report.reason)
  } catch (error) {
    if (signal.aborted) throw error
    return { reason: describeError(error), isSilence: isKind(error, 'timeout') }
  }
}

function answered(reason: string): Left {
  return { reason, isSilence: false }
}
