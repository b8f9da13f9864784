import { OPEN_TASK } from '@moraine/lifecycle/task-status'
import { hasStatus } from '@moraine/lifecycle/transition-table'
import { assert } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { counted } from '@moraine/stdx/human-text'
import { openProcessId } from '../records/managed-table.ts'
import { patchTable, processGuard, type StateChange } from '../store/state-change.ts'
import { endWithoutCommit, type OpenProcess } from './end-process.ts'
import { cancelTask } from './give-up-attempt.ts'
import { stalePlan } from './stale-plan.ts'
import { unwantedProcess } from './unwanted-process.ts'

/**
 * Moves an executing process on once its tasks decide: all that ran have ended, or one has failed for good. One that its
 * table does not want any more, or of which the plan has grown stale, is ended before. Asking again is harmless, so it is asked after every task's end, when the
 * table's settings were read anew, and by a timer.
 */
export function settleProcess(open: OpenProcess, now: EpochMs): readonly StateChange[] {
  const { process, tasks } = open
  if (process.state.status !== 'executing') return []
  const failed = tasks.find((task) => task.state.status === 'failed')
  if (failed?.state.status === 'failed' && !process.allowPartialCommit) {
    const reason = `task ${failed.taskId} failed ${counted(failed.state.failures, 'time')}: ${failed.state.reason}`
    return endWithoutCommit(open, { status: 'failed', reason }, now)
  }
  if (tasks.some(isOpen)) return endUnwanted(open, now)
  return tasks.some((task) => task.state.status === 'succeeded')
    ? beginCommitting(open, now)
    : endWithoutCommit(open, { status: 'failed', reason: 'every task failed' }, now)
}

function endUnwanted(open: OpenProcess, now: EpochMs): readonly StateChange[] {
  const reason = unwantedProcess(open.table, open.process) ?? stalePlan(open, now)
  if (reason === undefined) return []
  const decision = decideCancel(open, reason, now)
  return decision.kind === 'refused' ? [] : decision.changes
}

export type CancelDecision =
  | { readonly kind: 'canceled'; readonly changes: readonly StateChange[] }
  /** What has succeeded is still committed, because the table allows partial commits. */
  | { readonly kind: 'committing'; readonly changes: readonly StateChange[] }
  | { readonly kind: 'refused'; readonly why: 'committing' | 'ended' }

/** Ends a process before its tasks have. A commit that has begun cannot be stopped. */
export function decideCancel(open: OpenProcess, reason: string, now: EpochMs): CancelDecision {
  const { process, tasks } = open
  if (process.state.status === 'committing') return { kind: 'refused', why: 'committing' }
  if (process.state.status !== 'executing') return { kind: 'refused', why: 'ended' }
  if (process.allowPartialCommit && tasks.some((task) => task.state.status === 'succeeded')) {
    const canceled = tasks.flatMap((task) => cancelTask(task, reason, now))
    return { kind: 'committing', changes: [...canceled, ...beginCommitting(open, now)] }
  }
  return { kind: 'canceled', changes: endWithoutCommit(open, { status: 'canceled', reason }, now) }
}

function beginCommitting({ process, table }: OpenProcess, now: EpochMs): readonly StateChange[] {
  const { processId, type } = process
  assert(openProcessId(table) === processId, `table ${table.tableId} is not with its process ${processId}`)
  return [
    {
      kind: 'move-process',
      processId,
      from: processGuard(process),
      state: { status: 'committing', since: now, commitAttempts: 0, retryAt: now },
    },
    patchTable(table, { state: { phase: 'committing', since: now, type, processId } }),
  ]
}

function isOpen({ state }: OpenProcess['tasks'][number]): boolean {
  return hasStatus(state, OPEN_TASK)
}
