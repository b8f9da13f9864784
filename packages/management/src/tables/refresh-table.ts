import type { EpochMs } from '@moraine/stdx/brand'
import type { ManagedTable, TablePatch } from '../records/managed-table.ts'
import type { TableEvaluation } from '../records/table-evaluation.ts'
import { patchTable, type StateChange } from '../store/state-change.ts'

/**
 * What a look at the table's pointer asks for. `unchanged` costs nothing more, in particular no write. `gone`: the
 * catalog does not know the table any more.
 */
export type RefreshDecision = 'unchanged' | 'evaluate' | 'gone'

/** A table with a process is looked at again this seldom: only for its settings. */
const BUSY_EVALUATION_MS = 5 * 60_000

export function decideRefresh(
  table: ManagedTable,
  metadataLocation: string | undefined,
  now: EpochMs,
): RefreshDecision {
  if (metadataLocation === undefined) return 'gone'
  const { evaluation, evaluatedAt, state } = table
  if (evaluation === undefined || evaluatedAt === undefined) return 'evaluate'
  const changed = evaluation.metadataLocation !== metadataLocation || table.refreshFailure !== undefined
  if (state.phase !== 'idle' && state.phase !== 'pending') {
    // A look in the future was made by a clock that was ahead.
    const isRecent = evaluatedAt <= now && now - evaluatedAt < BUSY_EVALUATION_MS
    return changed && !isRecent ? 'evaluate' : 'unchanged'
  }
  // A time that was found by a clock that was ahead may be hours too late.
  const due = evaluation.reevaluateAt !== undefined && (evaluation.reevaluateAt <= now || evaluatedAt > now)
  // After a process that failed, or a request: work is known to be there, though the table has not changed.
  const waits = state.phase === 'idle' && wantsWork(table, evaluation)
  return changed || due || waits ? 'evaluate' : 'unchanged'
}

/** Records what was seen, and makes the table pending or idle by it. A table with a process keeps its phase. */
export function recordEvaluation(
  table: ManagedTable,
  evaluation: TableEvaluation,
  now: EpochMs,
): readonly StateChange[] {
  const seen: TablePatch = {
    evaluation,
    evaluatedAt: now,
    settings: evaluation.settings,
    ...(table.refreshFailure !== undefined && { refreshFailure: undefined }),
  }
  const { phase } = table.state
  const wanted = wantsWork(table, evaluation) ? 'pending' : 'idle'
  const moves = (phase === 'idle' || phase === 'pending') && phase !== wanted
  return [patchTable(table, { ...seen, ...(moves && { state: { phase: wanted, since: now } }) })]
}

/** Whether the table is to be planned: a trigger holds, or a person asked, and planning has not just found nothing. */
export function wantsWork(table: ManagedTable, evaluation: TableEvaluation): boolean {
  if (!evaluation.settings.enabled) return false
  if (table.request !== undefined) return true
  if (evaluation.needed === undefined) return false
  const { emptyPlan } = table
  return emptyPlan?.metadataLocation !== evaluation.metadataLocation || emptyPlan.type !== evaluation.needed
}

/** Records that the table cannot be evaluated; written once, not at every try. */
export function recordRefreshFailure(table: ManagedTable, reason: string, now: EpochMs): readonly StateChange[] {
  if (table.refreshFailure?.reason === reason) return []
  const since = table.refreshFailure?.since ?? now
  return [patchTable(table, { refreshFailure: { since, reason } })]
}
